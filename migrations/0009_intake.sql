-- Imports of sheets: which work sheet is read, what a row means, and rows found by their order number.

alter table import_file
    add column sheet text not null default '',            -- the work sheet that is read; '' is the first
    add column sheets text[] not null default '{}',       -- all of the file, in their order
    add column header_row int not null default 0,         -- the last row of the header; data stand below
    add column with_changed boolean not null default false, -- changed orders are taken as declared updates
    add column failed int not null default 0,             -- good rows that were refused when they were taken
    add column confirmed_by text not null default '',
    add column confirmed_at timestamptz;

alter table import_row
    add column content_hash text not null default '';     -- of the order in `payload`; '' when there is none
create index import_row_order on import_row (import_id, order_no) where order_no <> '';
create index import_file_newest on import_file (id desc);
