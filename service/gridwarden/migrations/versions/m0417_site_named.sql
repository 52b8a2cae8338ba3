-- Whoever sees a case that holds a site is told which one it is, a contractor too, who does not read
-- the layer of sites.
create or replace view api.critical_work as
    select w.case_id, w.site_id, w.work, w.words, w.person, w.at,
           c.state not in ('closed', 'looked_back', 'invalid') as holds, s.name, s.code, s.stage
    from data.critical_work w
    join api.hazard_case c on c.id = w.case_id
    left join data.construction_sites s on s.id = w.site_id;
