// A real OpenID Connect provider on this machine, for tests: `node provider.mjs FOLDER CONFIG`,
// where FOLDER holds node_modules and CONFIG is JSON. Prints a line when it listens, then takes one
// JSON command a line: {"people": {...}} says who there is from now on, {"keys": [...]} signs with
// others from now on.
import { createServer as http } from "node:http";
import { createServer as https } from "node:https";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, text] = process.argv.slice(2);
const config = JSON.parse(text);
const found = createRequire(join(folder, "package.json")).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found).href);
let people = config.people;
let answer;

function provider(keys) {
  return new Provider(config.issuer, {
    jwks: { keys },
    clients: config.clients,
    cookies: { keys: ["only a test's"] },
    conformIdTokenClaims: config.beside ?? false,
    claims: { openid: ["sub"], profile: config.claims },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, audience) => ({
          scope: "read write read:maps write:permits",
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    responseTypes: ["code"],
    findAccount: (ctx, id) =>
      people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    // Everybody agrees that this one service is told who they are.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid profile");
      await grant.save();
      return grant;
    },
    extraTokenClaims: (ctx, token) => people[token.clientId],
  });
}

answer = provider(config.keys).callback();
const handler = (request, response) => answer(request, response);
const { port } = new URL(config.issuer);
const server = config.tls ? https(config.tls, handler) : http(handler);
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));

const told = createInterface({ input: process.stdin });
told.on("close", () => process.exit());
told.on("line", (line) => {
  const command = JSON.parse(line);
  if (command.people) people = command.people;
  if (command.keys) answer = provider(command.keys).callback();
  console.log("done");
});
