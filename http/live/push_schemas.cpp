#include "http/live/push_schemas.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view pushes = R"json(
"Epoch":{"type":"string","description":"with 'offset' the position behind this; opaque"},
"Offset":{"type":"string"},
"EventsPush":{"type":"object","required":["epoch","offset","events"],"properties":{
  "epoch":{"$ref":"#/components/schemas/Epoch"},"offset":{"$ref":"#/components/schemas/Offset"},
  "events":{"type":"array","items":{"$ref":"#/components/schemas/Event"}}},"additionalProperties":false},
"AgentsPush":{"type":"object","required":["epoch","offset","agents"],"properties":{
  "epoch":{"$ref":"#/components/schemas/Epoch"},"offset":{"$ref":"#/components/schemas/Offset"},
  "agents":{"type":"array","description":"those that changed","items":{"$ref":"#/components/schemas/Agent"}}},
  "additionalProperties":false},
"AgentPush":{"type":"object","required":["agent"],"properties":{"agent":{"$ref":"#/components/schemas/Agent"}},
  "additionalProperties":false},
"DashboardPush":{"type":"object","required":["dashboard"],"properties":{
  "dashboard":{"$ref":"#/components/schemas/Dashboard"}},"additionalProperties":false},
"DashboardDeleted":{"type":"object","required":["dashboard_id"],"properties":{"dashboard_id":{"type":"string"}},
  "additionalProperties":false},
"InsightChange":{"type":"object","required":["epoch","offset","events","agents","more_agents","since"],"properties":{
  "epoch":{"$ref":"#/components/schemas/Epoch"},"offset":{"$ref":"#/components/schemas/Offset"},
  "events":{"type":"integer","description":"how many of this view came since the push before"},
  "agents":{"type":"array","maxItems":64,"items":{"type":"string"}},
  "more_agents":{"type":"boolean","description":"there are more than those listed"},
  "since":{"type":["string","null"],"format":"date-time","description":"the earliest time of these events"},
  "tokens":{"type":"integer","description":"on insight:tokens"},
  "cost_usd":{"type":"number","description":"on insight:tokens"},
  "tiers":{"type":"object","description":"on insight:memory: how often each tier served; at most 64",
    "additionalProperties":{"type":"object","required":["hits"],"properties":{"hits":{"type":"integer"}},
    "additionalProperties":false}},
  "edges":{"type":"array","maxItems":256,"description":"on insight:collaboration: who named whom",
    "items":{"type":"object","required":["from","to","count","errors"],"properties":{"from":{"type":"string"},
    "to":{"type":"string"},"count":{"type":"integer"},"errors":{"type":"integer"}},"additionalProperties":false}}},
  "additionalProperties":false},
"InsightMissed":{"type":"object","description":"changes were left out, as the reader was too slow: read the figures anew",
  "required":["epoch","offset","missed"],"properties":{"epoch":{"$ref":"#/components/schemas/Epoch"},
  "offset":{"$ref":"#/components/schemas/Offset"},"missed":{"const":true}},"additionalProperties":false},
"NodeFigures":{"type":"object","required":["node","version","events_per_second","connections","websockets","streams",
  "in_flight_bytes"],"properties":{"node":{"type":"string"},"version":{"type":"string"},
  "events_per_second":{"type":"number"},"connections":{"type":"integer"},"websockets":{"type":"integer"},
  "streams":{"type":"integer"},"in_flight_bytes":{"type":"integer"}},"additionalProperties":false},
"Presence":{"type":"object","description":"by the id of the key","additionalProperties":{"type":"object",
  "required":["metas"],"properties":{"metas":{"type":"array","items":{"type":"object",
  "required":["phx_ref","name","role","online_at"],"properties":{"phx_ref":{"type":"string"},"name":{"type":"string"},
  "role":{"$ref":"#/components/schemas/Role"},
  "online_at":{"type":"integer","description":"seconds since 1970"}},"additionalProperties":false}}},
  "additionalProperties":false}},
"PresenceDiff":{"type":"object","required":["joins","leaves"],"properties":{
  "joins":{"$ref":"#/components/schemas/Presence"},"leaves":{"$ref":"#/components/schemas/Presence"}},
  "additionalProperties":false},
"JoinAnswer":{"type":"object","required":["epoch","offset"],"properties":{"epoch":{"$ref":"#/components/schemas/Epoch"},
  "offset":{"$ref":"#/components/schemas/Offset"},
  "recovered":{"type":"boolean","description":"if 'recover' was asked: whether what was missed follows"},
  "snapshot":{"description":"on agents and on a dashboard","oneOf":[
    {"type":"array","maxItems":5000,"items":{"$ref":"#/components/schemas/Agent"}},
    {"$ref":"#/components/schemas/DashboardPush"}]},
  "snapshot_truncated":{"const":true}},"additionalProperties":false},
"SocketReply":{"type":"object","required":["status","response"],"properties":{"status":{"enum":["ok","error"]},
  "response":{"type":"object","anyOf":[{"$ref":"#/components/schemas/JoinAnswer"},
    {"$ref":"#/components/schemas/IngestAnswer"},{"type":"object","maxProperties":0},{"type":"object",
    "required":["reason"],"properties":{"reason":{"type":"string"},"detail":{"type":"string"}}}]}},
  "additionalProperties":false},
"SocketMessage":{"type":"array","minItems":5,"maxItems":5,"items":{},
  "description":"A text frame to the client: join_ref, ref, topic, event, payload.",
  "prefixItems":[{"type":["string","null"]},{"type":["string","null"]},{"type":"string"},{"type":"string"},
    {"type":"object"}],
  "oneOf":[
  {"prefixItems":[{},{},{},{"const":"events"},{"$ref":"#/components/schemas/EventsPush"}]},
  {"prefixItems":[{},{},{},{"const":"agents"},{"$ref":"#/components/schemas/AgentsPush"}]},
  {"prefixItems":[{},{},{},{"const":"agent"},{"$ref":"#/components/schemas/AgentPush"}]},
  {"prefixItems":[{},{},{},{"const":"dashboard"},{"$ref":"#/components/schemas/DashboardPush"}]},
  {"prefixItems":[{},{},{},{"const":"dashboard_deleted"},{"$ref":"#/components/schemas/DashboardDeleted"}]},
  {"prefixItems":[{},{},{},{"const":"changed"},{"oneOf":[{"$ref":"#/components/schemas/InsightChange"},
    {"$ref":"#/components/schemas/InsightMissed"}]}]},
  {"prefixItems":[{},{},{},{"const":"limit"},{"$ref":"#/components/schemas/TokenLimit"}]},
  {"prefixItems":[{},{},{},{"const":"stats"},{"$ref":"#/components/schemas/NodeFigures"}]},
  {"prefixItems":[{},{},{},{"const":"presence_state"},{"$ref":"#/components/schemas/Presence"}]},
  {"prefixItems":[{},{},{},{"const":"presence_diff"},{"$ref":"#/components/schemas/PresenceDiff"}]},
  {"prefixItems":[{},{},{},{"const":"phx_reply"},{"$ref":"#/components/schemas/SocketReply"}]},
  {"prefixItems":[{},{},{},{"const":"phx_close"},{"type":"object","maxProperties":0}]}]})json";

}  // namespace

std::string_view push_schemas() { return pushes; }

}  // namespace troupe::http
