drop function api.knows(text[], geometry);
