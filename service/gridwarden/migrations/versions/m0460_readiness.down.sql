drop function api.readiness();
