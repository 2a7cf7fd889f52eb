package jobs

import "log/slog"

// silent keeps River's own log away from the user's terminal: what matters is in the
// report.
var silent = slog.New(slog.DiscardHandler)

// schema is understood by both engines. Times are microseconds since 1970, amounts fen.
const schema = `
CREATE TABLE IF NOT EXISTS payscore_run (
  name TEXT PRIMARY KEY,
  mchid TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  refusals BIGINT NOT NULL DEFAULT 0,
  rate DOUBLE PRECISION NOT NULL DEFAULT 0,
  patience BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS payscore_correction (
  run TEXT NOT NULL REFERENCES payscore_run (name),
  line BIGINT NOT NULL,
  sub_mchid TEXT NOT NULL,
  out_order_no TEXT NOT NULL,
  body TEXT NOT NULL,
  total_after BIGINT NOT NULL,
  total_before BIGINT,
  left_out TEXT NOT NULL DEFAULT '',
  queued BIGINT NOT NULL DEFAULT 0,
  began_at BIGINT,
  unknown_at BIGINT,
  ended_at BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0,
  looks BIGINT NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL DEFAULT '',
  status BIGINT NOT NULL DEFAULT 0,
  code TEXT NOT NULL DEFAULT '',
  number BIGINT NOT NULL DEFAULT 0,
  request_id TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  stage TEXT NOT NULL DEFAULT '',
  total_now BIGINT,
  PRIMARY KEY (run, line)
);
CREATE UNIQUE INDEX IF NOT EXISTS payscore_correction_order ON payscore_correction (run, sub_mchid, out_order_no);
CREATE INDEX IF NOT EXISTS payscore_correction_outcome ON payscore_correction (run, outcome);
CREATE TABLE IF NOT EXISTS payscore_pace (
  mchid TEXT PRIMARY KEY,
  next_at BIGINT NOT NULL,
  gap BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS payscore_event (
  key TEXT PRIMARY KEY,
  received_at BIGINT NOT NULL
)`
