-- The functions that the walls ask may run in parallel workers: they read settings, which a worker gets from its
-- leader, and rows, and they change nothing. Without the word each reading of a member was planned for one process.
-- Nothing else changes: a server of step 2 holds the same rows behind the same walls.

ALTER FUNCTION app_view() PARALLEL SAFE;
ALTER FUNCTION app_uid() PARALLEL SAFE;
ALTER FUNCTION app_case() PARALLEL SAFE;
ALTER FUNCTION app_cases() PARALLEL SAFE;
