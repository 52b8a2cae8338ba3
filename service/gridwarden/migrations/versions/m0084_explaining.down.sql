drop function api.finding_bands(bigint), api.finding_mains(bigint);
