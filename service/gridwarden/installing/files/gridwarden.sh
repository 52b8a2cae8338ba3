#!/bin/sh
# The installed Gridwarden, with the office's settings and as the service's account. Root stays
# root only where the machine itself is changed.
set -eu
settings=/etc/gridwarden/gridwarden.env
program=/opt/gridwarden/current/.venv/bin/gridwarden
if [ ! -r "$settings" ]; then
  echo "Run it with sudo: $settings is for root and the service alone. 请用sudo运行。" >&2
  exit 1
fi
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    GRIDWARDEN_*=*)
      value=${line#*=}
      case $value in
        \"*\" | \'*\')
          value=${value#?}
          value=${value%?}
          ;;
      esac
      export "${line%%=*}=$value"
      ;;
  esac
done <"$settings"
case $(id -u):${1:-} in
  0:install | 0:upgrade | 0:restore | [1-9]*) exec "$program" "$@" ;;
  *) HOME=${GRIDWARDEN_HOME:-/} exec setpriv --reuid=gridwarden --regid=gridwarden --init-groups "$program" "$@" ;;
esac
