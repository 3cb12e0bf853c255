-- How a link's messages are acknowledged: as HL7 v2 2.9.2 has it (AA, AE, AR), or by MSH-15 (CA, CE, CR; 2.9.3).
alter table feed_link add column ack text not null default 'original' check (ack in ('original', 'enhanced'));
