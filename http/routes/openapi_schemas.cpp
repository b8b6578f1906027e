// The component schemas of /openapi.json. Several raw texts, as compilers bound the length of one.
#include "http/insight/insight_schemas.hpp"
#include "http/live/push_schemas.hpp"
#include "http/routes/dashboard_schemas.hpp"
#include "http/routes/openapi.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view events = R"json(
"Problem":{"type":"object","description":"RFC 9457","required":["type","title","status"],"properties":{
  "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
  "accepted":{"type":"integer"},"duplicates":{"type":"integer"},"not_taken":{"type":"integer"},
  "errors":{"type":"array","items":{"type":"object","required":["error"],"properties":{
    "index":{"type":"integer"},"field":{"type":"string"},"error":{"type":"string"}}}}}},
"Tokens":{"type":"object","description":"input includes the cached ones, output includes reasoning",
  "properties":{"input":{"type":"integer","minimum":0},"output":{"type":"integer","minimum":0},
  "cache_read":{"type":"integer","minimum":0},"cache_write":{"type":"integer","minimum":0},
  "reasoning":{"type":"integer","minimum":0}},"additionalProperties":false},
"EventFields":{"type":"object","required":["type","agent_id"],"properties":{
  "id":{"type":"string","format":"uuid","description":"UUIDv7; given by the server when absent"},
  "type":{"type":"string","description":"execution.started, execution.completed, execution.failed, llm.call, tool.call, memory.access, knowledge.access, hypothesis.formed, hypothesis.validated, hypothesis.rejected, collaboration or custom.<name>"},
  "agent_id":{"type":"string","minLength":1,"maxLength":256},
  "session_id":{"type":"string"},"user_id":{"type":"string"},"team":{"type":"string"},
  "trace_id":{"type":"string"},"span_id":{"type":"string"},"parent_span_id":{"type":"string"},
  "status":{"type":"string","enum":["ok","error"]},"error":{"type":"string"},
  "duration_ms":{"type":"number","minimum":0},"model":{"type":"string"},"provider":{"type":"string"},
  "tokens":{"$ref":"#/components/schemas/Tokens"},"cost_usd":{"type":"number"},
  "tool":{"type":"string"},"tier":{"type":"string"},
  "latency_by_tier_ms":{"type":"object","additionalProperties":{"type":"number"}},
  "query":{"type":"string"},"items_retrieved":{"type":"integer","description":"0: nothing was found; the tier that was asked last did not serve"},"knowledge_id":{"type":"string"},
  "peer_agent_id":{"type":"string"},"attributes":{"type":"object"}}},
"EventInput":{"allOf":[{"$ref":"#/components/schemas/EventFields"}],"type":"object","properties":{
  "time":{"description":"RFC 3339, or milliseconds since 1970; the time of arrival when absent",
    "oneOf":[{"type":"string","format":"date-time"},{"type":"number"}]}},"unevaluatedProperties":false},
"Event":{"allOf":[{"$ref":"#/components/schemas/EventFields"}],"type":"object",
  "required":["id","time","received_at","org","offset"],"properties":{
  "time":{"type":"string","format":"date-time"},"received_at":{"type":"string","format":"date-time"},
  "org":{"type":"string"},"offset":{"type":"string","description":"<shard>.<number within the shard>"},
  "cost_source":{"type":"string","enum":["reported","priced"]},"price_version":{"type":"string"}},
  "unevaluatedProperties":false},
"EventList":{"type":"object","required":["items","next_cursor"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Event"}},"next_cursor":{"type":["string","null"]}},
  "additionalProperties":false},
"IngestAnswer":{"type":"object","required":["accepted","duplicates","rejected"],"properties":{
  "accepted":{"type":"integer"},"duplicates":{"type":"integer"},
  "rejected":{"type":"array","items":{"type":"object","required":["index","error"],"properties":{
    "index":{"type":"integer"},"field":{"type":"string"},"error":{"type":"string"}},"additionalProperties":false}}},
  "additionalProperties":false},
"Duration":{"type":"object","properties":{"avg":{"type":["number","null"]},"p50":{"type":["number","null"]},
  "p95":{"type":["number","null"]},"p99":{"type":["number","null"]},"max":{"type":["number","null"]}},
  "required":["avg","p50","p95","p99","max"],"additionalProperties":false},
"Rollup":{"type":"object","required":["time","key","count","errors","hits","duration_ms","tokens","cost_usd"],
  "properties":{"time":{"type":"string","format":"date-time"},"key":{"type":"string"},
  "count":{"type":"integer"},"errors":{"type":"integer"},
  "hits":{"type":"integer","description":"by tier: how often it served (count is how often it was asked); else: events with tokens"},
  "duration_ms":{"$ref":"#/components/schemas/Duration"},"tokens":{"$ref":"#/components/schemas/Tokens"},
  "cost_usd":{"type":"number"}},"additionalProperties":false},
"RollupList":{"type":"object","required":["resolution","by","items","next_cursor"],"properties":{
  "resolution":{"type":"string","enum":["minute","hour","day"]},
  "by":{"type":"string","enum":["all","agent","model","tool","tier"]},
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Rollup"}},"next_cursor":{"type":["string","null"]}},
  "additionalProperties":false})json";

constexpr std::string_view agents = R"json(
"AgentFields":{"type":"object","properties":{"name":{"type":"string","maxLength":256},
  "team":{"type":"string","maxLength":256},
  "tags":{"type":"array","maxItems":64,"items":{"type":"string"}},
  "capabilities":{"type":"array","maxItems":64,"items":{"type":"string"}},"metadata":{"type":"object"}}},
"AgentChange":{"allOf":[{"$ref":"#/components/schemas/AgentFields"}],"type":"object","unevaluatedProperties":false},
"AgentInput":{"allOf":[{"$ref":"#/components/schemas/AgentFields"}],"type":"object","required":["id"],
  "properties":{"id":{"type":"string","minLength":1,"maxLength":256}},"unevaluatedProperties":false},
"Agent":{"type":"object","required":["id","name","team","tags","capabilities","metadata","status","registered_at",
  "last_activity","lease_until","current_load","pending_tasks","tasks_completed","tasks_failed","version","totals"],
  "properties":{"id":{"type":"string"},"name":{"type":"string"},"team":{"type":["string","null"]},
  "tags":{"type":"array","items":{"type":"string"}},"capabilities":{"type":"array","items":{"type":"string"}},
  "metadata":{"type":"object"},"status":{"type":"string","enum":["active","idle","offline"],
    "description":"active: seen in the last five minutes. idle: not, but under a lease, or without one seen in the last hour. offline: longer silent, or its lease lapsed. An agent that reported idle or offline is that until it is seen after its lease"},
  "registered_at":{"type":["string","null"],"format":"date-time"},
  "last_activity":{"type":["string","null"],"format":"date-time"},
  "lease_until":{"type":["string","null"],"format":"date-time"},
  "current_load":{"type":"integer","description":"claimed tasks"},"pending_tasks":{"type":"integer"},
  "tasks_completed":{"type":"integer"},"tasks_failed":{"type":"integer"},"version":{"type":"integer"},
  "totals":{"type":"object","required":["events","errors","tokens","cost_usd"],"properties":{
    "events":{"type":"integer"},"errors":{"type":"integer"},"tokens":{"$ref":"#/components/schemas/Tokens"},
    "cost_usd":{"type":"number"}},"additionalProperties":false}},"additionalProperties":false},
"AgentList":{"type":"object","required":["items","next_cursor"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Agent"}},"next_cursor":{"type":["string","null"]}},
  "additionalProperties":false},
"ActiveAgents":{"type":"object","required":["active_count","truncated","agents"],"properties":{
  "active_count":{"type":"integer","description":"of those listed"},
  "truncated":{"type":"boolean","description":"a bound cut the list: there may be more"},
  "agents":{"type":"array","maxItems":10000,"items":{"$ref":"#/components/schemas/Agent"}}},
  "additionalProperties":false},
"Heartbeat":{"type":"object","properties":{"lease_ms":{"type":"integer","minimum":1000,"maximum":86400000},
  "status":{"type":"string","maxLength":64}},"additionalProperties":false},
"TaskInput":{"type":"object","required":["name"],"properties":{"id":{"type":"string","maxLength":256},
  "name":{"type":"string","minLength":1,"maxLength":256},"input":{"description":"any JSON"},
  "priority":{"type":"integer","description":"higher first"},"attempts_max":{"type":"integer","minimum":1,"maximum":100},
  "timeout_ms":{"type":"integer","minimum":1}},"additionalProperties":false},
"TaskFields":{"type":"object","required":["id","agent_id","name","status","priority","input","result","error","attempt",
  "worker","lease_until","created_at","updated_at"],"properties":{"id":{"type":"string"},
  "agent_id":{"type":"string"},"name":{"type":"string"},
  "status":{"type":"string","enum":["pending","claimed","completed","failed","expired"]},
  "priority":{"type":"integer"},"input":{"description":"any JSON"},"result":{"description":"any JSON"},
  "error":{"type":["string","null"]},"attempt":{"type":"integer"},"attempts_max":{"type":"integer"},
  "worker":{"type":["string","null"]},"lease_until":{"type":["string","null"],"format":"date-time"},
  "deadline":{"type":["string","null"],"format":"date-time"},
  "created_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"}}},
"Task":{"allOf":[{"$ref":"#/components/schemas/TaskFields"}],"type":"object","unevaluatedProperties":false},
"ClaimedTask":{"allOf":[{"$ref":"#/components/schemas/TaskFields"}],"type":"object","required":["claim_token"],
  "properties":{"claim_token":{"type":["string","null"]}},"unevaluatedProperties":false},
"TaskList":{"type":"object","required":["items","next_cursor"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Task"}},"next_cursor":{"type":["string","null"]}},
  "additionalProperties":false},
"Claim":{"type":"object","properties":{"lease_ms":{"type":"integer","minimum":1000,"maximum":86400000},
  "worker":{"type":"string","maxLength":256}}},
"TaskCompletion":{"type":"object","required":["claim_token"],"properties":{"claim_token":{"type":"string"},
  "result":{"description":"any JSON"}},"additionalProperties":false},
"TaskFailure":{"type":"object","required":["claim_token"],"properties":{"claim_token":{"type":"string"},
  "error":{"type":"string"},"retry":{"type":"boolean","default":true}},"additionalProperties":false},
"Role":{"type":"string","enum":["admin","ingest","read"]},
"KeyInput":{"type":"object","required":["name","role"],"properties":{
  "name":{"type":"string","minLength":1,"maxLength":256},"role":{"$ref":"#/components/schemas/Role"},
  "max_connections":{"type":"integer","minimum":0,"maximum":100000,"default":0,
  "description":"WebSockets and event streams at once, on all nodes together; 0: no bound of its own"}},
  "additionalProperties":false},
"KeyFields":{"type":"object","required":["id","name","role","created_at","revoked_at","created_by","max_connections"],"properties":{
  "id":{"type":"string"},"name":{"type":"string"},"role":{"$ref":"#/components/schemas/Role"},
  "created_at":{"type":["string","null"],"format":"date-time"},
  "revoked_at":{"type":["string","null"],"format":"date-time"},"created_by":{"type":["string","null"]},
  "max_connections":{"type":"integer"}}},
"Key":{"allOf":[{"$ref":"#/components/schemas/KeyFields"}],"type":"object","unevaluatedProperties":false},
"CreatedKey":{"allOf":[{"$ref":"#/components/schemas/KeyFields"}],"type":"object","properties":{
  "key":{"type":"string","description":"shown once"}},"unevaluatedProperties":false},
"KeyList":{"type":"object","required":["items","next_cursor"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/Key"}},"next_cursor":{"type":["string","null"]}},
  "additionalProperties":false},
"Whoami":{"type":"object","required":["org","role","key_id","name"],"properties":{"org":{"type":"string"},
  "role":{"$ref":"#/components/schemas/Role"},"key_id":{"type":"string"},"name":{"type":"string"}},
  "additionalProperties":false})json";

constexpr std::string_view cluster = R"json(
"ClusterNode":{"type":"object","required":["id","name","state","zone","address","version","level","is_self","connected",
  "last_seen","leaders","replicas","resident_bytes","disk_free_bytes"],"properties":{
  "id":{"type":"string","description":"16 hexadecimal digits"},"name":{"type":"string"},
  "state":{"type":"string","enum":["joining","active","draining","removing"]},
  "zone":{"type":["string","null"]},"address":{"type":["string","null"],"description":"where other nodes reach it"},
  "client_address":{"type":["string","null"]},"version":{"type":"string"},"level":{"type":"integer"},
  "is_self":{"type":"boolean"},"connected":{"type":"boolean","description":"with the node that answers"},
  "ready":{"type":"boolean"},"last_seen":{"type":["string","null"],"format":"date-time"},
  "started_at":{"type":["string","null"],"format":"date-time"},
  "leaders":{"type":"integer","description":"shards that it leads"},
  "replicas":{"type":"integer","description":"shards of which it has a replica that votes"},
  "resident_bytes":{"type":"integer"},"disk_free_bytes":{"type":"integer"},
  "clock_offset_ms":{"type":"number","description":"its clock less the one of the node that answers"},
  "round_trip_ms":{"type":"number"}},"additionalProperties":false},
"ClusterReplica":{"type":"object","required":["node","role","applied_index","lag"],"properties":{
  "node":{"type":"string"},
  "role":{"type":"string","description":"leader, follower, candidate; pulling, entering: on its way in; behind: in an earlier generation; closed: halted; unreachable; unknown"},
  "applied_index":{"type":["integer","null"]},"lag":{"type":["integer","null"],"description":"log entries"},
  "fault":{"type":["string","null"]},
  "bytes":{"type":"integer","description":"what its records take, about"},
  "digest_index":{"type":"integer","description":"the entry at which it last took the digest of its records, 0: none yet"},
  "digest":{"type":["string","null"],"description":"the same on all replicas that took it at the same entry"},
  "digest_mismatches":{"type":"integer","description":"digests that were found to be others than those of most replicas"}},
  "additionalProperties":false},
"ClusterShard":{"type":"object","required":["id","generation","leader","term","commit_index","replicas","state"],
  "properties":{"id":{"type":"integer"},"generation":{"type":"integer"},
  "leader":{"type":["string","null"]},"term":{"type":"integer"},"commit_index":{"type":"integer"},
  "last_seq":{"type":"integer"},
  "replicas":{"type":"array","items":{"$ref":"#/components/schemas/ClusterReplica"}},
  "state":{"type":"string","enum":["healthy","changing","degraded","no_leader","no_majority"]}},
  "additionalProperties":false},
"Cluster":{"type":"object","required":["cluster_id","nodes","shards","problems"],"properties":{
  "cluster_id":{"type":"string"},"map_version":{"type":"integer"},"level":{"type":"integer"},
  "replicas_setting":{"type":"integer","description":"replicas wanted of each shard; 0: the number of nodes decides"},
  "rebalancing":{"type":"string","enum":["on","paused"]},
  "nodes":{"type":"array","items":{"$ref":"#/components/schemas/ClusterNode"}},
  "shards":{"type":"array","items":{"$ref":"#/components/schemas/ClusterShard"}},
  "invitations":{"type":"array","items":{"type":"object","required":["name","node","expires_at"],"properties":{
    "name":{"type":"string"},"node":{"type":"string"},"address":{"type":["string","null"]},
    "expires_at":{"type":["string","null"],"format":"date-time"}},"additionalProperties":false}},
  "problems":{"type":"array","items":{"type":"string"}}},"additionalProperties":false})json";

}  // namespace

std::string_view openapi_schemas() {
  static const std::string whole = concat({"{", events, ",", agents, ",", dashboard_schemas(), ",", cluster,
                                           ",", insight_schemas(), ",", push_schemas(), "}"});
  return whole;
}

}  // namespace troupe::http
