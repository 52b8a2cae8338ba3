# Read by script/bundle: Debian's packages with all that they need, down to libc, so that whatever
# a bare machine lacks, or has too old, is there. apt fetches them, by lists of its own, and checks
# them by Debian's signature.

# fetch_debs CACHE TARGET: TARGET becomes a folder that apt can install from.
fetch_debs() {
  local apt=$1 target=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg
  local mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
  local security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
  command -v apt-get >/dev/null || die "A whole bundle is made on a Debian, where apt is."
  [ -e "$keys" ] || die "Debian's keys are missing: install the package debian-archive-keyring."
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$target"
  : >"$apt/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$mirror" bookworm "$keys" "$mirror" bookworm-updates \
    "$keys" "$security" bookworm-security >"$apt/sources.list"
  local options=(
    -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::State::Lists=$apt/lists"
    -o "Dir::Cache=$apt" -o "Dir::Cache::Archives=$apt/archives" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::Preferences=/dev/null
    -o Dir::Etc::PreferencesParts=/dev/null -o APT::Architecture=amd64 -o APT::Architectures::=amd64
    -o APT::Install-Recommends=false -o Acquire::Languages=none -o Debug::NoLocking=1
    -o "APT::Sandbox::User=$(id -un)"
  )
  local wanted
  mapfile -t wanted < <(grep -v '^#' script/bundled/debian-packages)
  quietly "Reading Debian's package lists" apt-get "${options[@]}" update -q ||
    die "Debian's package lists cannot be read: check the network (DEBIAN_MIRROR names a mirror), then run this again."
  quietly "Fetching Debian's packages" apt-get "${options[@]}" install -q -y --download-only "${wanted[@]}" ||
    die "Debian's packages cannot be fetched: check the network and the room on the disk, then run this again."
  apt-get "${options[@]}" install -q -s "${wanted[@]}" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' |
    LC_ALL=C sort | xargs apt-cache "${options[@]}" show --no-all-versions |
    bundling debs "$apt/archives" "$target"
}
