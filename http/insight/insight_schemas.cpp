#include "http/insight/insight_schemas.hpp"

#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view shared = R"json(
"Window":{"type":"object","required":["from","to","bucket"],"properties":{"from":{"type":"string","format":"date-time"},
  "to":{"type":"string","format":"date-time"},"bucket":{"type":"string","enum":["minute","hour","day"]}},
  "additionalProperties":false},
"Share":{"type":["number","null"],"minimum":0,"maximum":1},
"Sampled":{"type":"object","required":["rate"],"properties":{"rate":{"type":"number","exclusiveMinimum":0,"maximum":1,
  "description":"1: exact; below: the share of traces or sessions looked at, counts are scaled up"}}},
"UsageFields":{"type":"object","required":["events","errors","calls","tokens","cost_usd"],"properties":{
  "events":{"type":"integer"},"errors":{"type":"integer"},
  "calls":{"type":"integer","description":"events that carry tokens"},
  "tokens":{"$ref":"#/components/schemas/Tokens"},"cost_usd":{"type":"number"},"duration_ms":{"type":"number"}}},
"UsageSeries":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object",
  "required":["time"],"properties":{"time":{"type":"string","format":"date-time"}}}})json";

constexpr std::string_view memory = R"json(
"TierStats":{"type":"object","required":["window","tier_hit_rates","average_latencies_ms","cost_by_tier","queries",
  "misses","miss_rate","cost_usd","tiers","flow","series","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "tier_hit_rates":{"type":"object","description":"share of all queries that the tier served",
    "additionalProperties":{"$ref":"#/components/schemas/Share"}},
  "average_latencies_ms":{"type":"object","additionalProperties":{"type":["number","null"]}},
  "cost_by_tier":{"type":"object","description":"USD","additionalProperties":{"type":"number"}},
  "queries":{"type":"integer"},"misses":{"type":"integer"},"miss_rate":{"$ref":"#/components/schemas/Share"},
  "cost_usd":{"type":"number"},
  "tiers":{"type":"array","items":{"type":"object","required":["tier","asked","hits","hit_share","hit_rate","errors",
    "cost_usd","latency_ms","series"],"properties":{"tier":{"type":"string"},"asked":{"type":"integer"},
    "hits":{"type":"integer"},"hit_share":{"$ref":"#/components/schemas/Share"},
    "hit_rate":{"$ref":"#/components/schemas/Share"},"errors":{"type":"integer"},"cost_usd":{"type":"number"},
    "latency_ms":{"$ref":"#/components/schemas/Duration"},
    "series":{"type":"array","items":{"type":"object","required":["time","asked","hits"]}}}}},
  "flow":{"type":"array","items":{"type":"object","required":["from","to","count","avg_ms"],"properties":{
    "from":{"type":"string"},"to":{"type":"string"},"count":{"type":"integer"},"avg_ms":{"type":["number","null"]}}}},
  "series":{"type":"array","items":{"type":"object","required":["time","queries","misses"]}},
  "complete":{"type":"boolean"}}})json";

constexpr std::string_view tokens = R"json(
"TokensSummary":{"type":"object","required":["window","total","previous","cache","cost_per_call_usd","cost_per_query",
  "series","complete"],"properties":{"window":{"$ref":"#/components/schemas/Window"},
  "total":{"$ref":"#/components/schemas/UsageFields"},"previous":{"$ref":"#/components/schemas/UsageFields"},
  "cache":{"type":"object","required":["read_share","saved_usd"],"properties":{
    "read_share":{"type":["number","null"]},"saved_usd":{"type":["number","null"]}}},
  "cost_per_call_usd":{"type":["number","null"]},
  "cost_per_query":{"type":["object","null"],"required":["queries","avg_usd","p50_usd","p95_usd","max_usd","sampled"]},
  "series":{"$ref":"#/components/schemas/UsageSeries"},"complete":{"type":"boolean"}}},
"TokensBy":{"type":"object","required":["window","dimension","items","other","total","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"dimension":{"type":"string"},
  "items":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object",
    "required":["key","cost_share"],"properties":{"key":{"type":"string"},"cost_share":{"type":["number","null"]},
    "series":{"$ref":"#/components/schemas/UsageSeries"}}}},
  "other":{"type":["object","null"]},"total":{"$ref":"#/components/schemas/UsageFields"},
  "complete":{"type":"boolean"}}},
"SpentForecast":{"type":"object","required":["from","to","spent_usd","expected_usd","low_usd","high_usd","spent_tokens",
  "expected_tokens","low_tokens","high_tokens"]},
"TokensProjection":{"type":"object","required":["as_of","method","interval","history_days","next_hour","day","month",
  "hours","formula","complete"],"properties":{"as_of":{"type":"string","format":"date-time"},
  "method":{"type":"string","enum":["seasonal_mean","run_rate","none"]},"interval":{"type":"number"},
  "history_days":{"type":"number"},"next_hour":{"$ref":"#/components/schemas/SpentForecast"},
  "day":{"$ref":"#/components/schemas/SpentForecast"},"month":{"$ref":"#/components/schemas/SpentForecast"},
  "hours":{"type":"array","minItems":24,"maxItems":24,"items":{"type":"object"}},"formula":{"type":"string"},
    "complete":{"type":"boolean"}}},
"TokenLimitInput":{"type":"object","required":["scope","period"],"properties":{
  "scope":{"type":"string","enum":["org","team","agent"]},
  "key":{"type":"string","maxLength":256,"description":"the team or agent; absent for org"},
  "period":{"type":"string","enum":["hour","day","month"]},
  "cost_usd":{"type":"number","exclusiveMinimum":0,"description":"or tokens, not both"},
  "tokens":{"type":"integer","minimum":1},
  "warn_at":{"type":"number","minimum":0.01,"maximum":1,"default":0.8}},"additionalProperties":false},
"TokenLimit":{"type":"object","required":["id","scope","key","period","cost_usd","tokens","warn_at","updated_at",
  "period_from","period_to","used","used_share","projected","projected_share","state","reaches_at"],"properties":{
  "id":{"type":"string"},"scope":{"type":"string"},"key":{"type":["string","null"]},"period":{"type":"string"},
  "cost_usd":{"type":["number","null"]},"tokens":{"type":["integer","null"]},"warn_at":{"type":"number"},
  "updated_at":{"type":"string","format":"date-time"},"period_from":{"type":"string","format":"date-time"},
  "period_to":{"type":"string","format":"date-time"},"used":{"type":"number"},"used_share":{"type":"number"},
  "projected":{"type":"number"},"projected_share":{"type":"number"},
  "state":{"type":"string","enum":["ok","projected","warning","reached"]},
  "reaches_at":{"type":["string","null"],"format":"date-time"}}},
"TokenLimitList":{"type":"object","required":["as_of","items"],"properties":{
  "as_of":{"type":"string","format":"date-time"},
  "items":{"type":"array","items":{"$ref":"#/components/schemas/TokenLimit"}}}},
"TokensAdvice":{"type":"object","required":["window","items","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"complete":{"type":"boolean"},
  "items":{"type":"array","items":{"type":"object","required":["kind","subject","title","arithmetic","saving_usd",
    "evidence"],
    "properties":{"kind":{"type":"string","enum":["cache_prompts","smaller_model","failing_calls","concentrated_cost"]},
    "subject":{"type":"object"},"title":{"type":"string"},"arithmetic":{"type":"string"},
    "saving_usd":{"type":["number","null"]},"evidence":{"type":"object"}}}}}})json";

constexpr std::string_view knowledge = R"json(
"KnowledgeItems":{"type":"object","required":["window","items","other","total","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object",
    "required":["id","accesses","agents","tiers","avg_ms","first_at","last_at","related"],"properties":{
    "id":{"type":"string"},"accesses":{"type":"integer"},"agents":{"type":"array","items":{"type":"object"}},
    "tiers":{"type":"array","items":{"type":"object"}},
    "avg_ms":{"type":["number","null"]},"first_at":{"type":["string","null"],"format":"date-time"},
    "last_at":{"type":["string","null"],"format":"date-time"},"related":{"type":"array","items":{"type":"object"}}}}},
  "other":{"type":["object","null"]},"total":{"type":"object","required":["accesses","items"]},
  "complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}}},
"KnowledgeHeatmap":{"type":"object","required":["window","by","rows","columns","cells","max","total","complete"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},"by":{"type":"string"},
  "rows":{"type":"array","items":{"type":"string"}},"columns":{"type":"array","items":{"type":"string"}},
  "cells":{"type":"array","items":{"type":"array","minItems":3,"maxItems":3,"items":{"type":"integer"}}},
  "max":{"type":"integer"},"total":{"type":"object"},"complete":{"type":"boolean"}}},
"KnowledgeGaps":{"type":"object","required":["window","items","total","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object",
    "required":["query","asked","without_result","open","first_at","last_at","agents"],"properties":{
    "query":{"type":"string"},"asked":{"type":"integer"},"without_result":{"type":"integer"},
    "open":{"type":"boolean","description":"the last time it was asked nothing was found"}}}},
  "total":{"type":"object","required":["queries","without_result","gap_rate","distinct"]},
  "complete":{"type":"boolean"}}},
"KnowledgeGraph":{"type":"object","required":["window","nodes","edges","truncated","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "nodes":{"type":"array","items":{"type":"object","required":["id","kind","label","weight"]}},
  "edges":{"type":"array","items":{"type":"object","required":["from","to","kind","weight"]}},
  "truncated":{"type":"boolean"},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}}},
"KnowledgeHypotheses":{"type":"object","required":["window","formed","validated","rejected","open","validation_rate",
  "learning_velocity_per_day","time_to_decision_ms","series","agents","items","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"formed":{"type":"integer"},"validated":{"type":"integer"},
  "rejected":{"type":"integer"},"open":{"type":"integer"},"validation_rate":{"$ref":"#/components/schemas/Share"},
  "learning_velocity_per_day":{"type":["number","null"]},
  "time_to_decision_ms":{"$ref":"#/components/schemas/Duration"},"series":{"type":"array","items":{"type":"object"}},
    "agents":{"type":"array","items":{"type":"object"}},
  "items":{"type":"array","items":{"type":"object","required":["id","label","state","agent_id","decided_by","formed_at",
    "decided_at","time_to_decision_ms"]}},"complete":{"type":"boolean"}}})json";

constexpr std::string_view people = R"json(
"CollaborationGraph":{"type":"object","required":["window","nodes","edges","truncated","complete","sampled"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},
  "nodes":{"type":"array","items":{"type":"object","required":["id","team","events","errors","collaborations"]}},
  "edges":{"type":"array","items":{"type":"object","required":["from","to","kind","count","errors","success_rate",
    "avg_ms","first_at","last_at"],"properties":{"kind":{"type":"string","enum":["explicit","trace"]}}}},
  "truncated":{"type":"boolean"},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}}},
"CollaborationPairs":{"type":"object","required":["window","items","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object","required":["a","b",
    "explicit","shared_traces","traces_a","traces_b","together_share","errors","success_rate","avg_ms",
    "cost_per_trace_usd","score"]}},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}}},
"Teams":{"type":"object","required":["window","teams","recommendations","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "teams":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object","required":[
    "team","agents","active_agents","error_rate","executions","cost_per_execution_usd","utilisation","busy_ms",
    "open_tasks","claimed_tasks","events_share","imbalance","series","members"],"properties":{
    "team":{"type":["string","null"]},"utilisation":{"type":["number","null"]},
    "members":{"type":"array","items":{"type":"object","required":["agent_id","events","errors","cost_usd",
      "utilisation","busy_ms","open_tasks","claimed_tasks","share","load"]}}}}},
  "recommendations":{"type":"array","items":{"type":"object","required":["kind","team","agent_id","to_agent_id","score",
    "title","arithmetic","evidence"],"properties":{"kind":{"type":"string",
    "enum":["overloaded_agent","idle_agent","failing_agent","costly_team"]}}}},"complete":{"type":"boolean"}}},
"Patterns":{"type":"object","required":["window","hours","peak","items_by_hour","advice","complete","sampled"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},"hours":{"type":"array","minItems":24,"maxItems":24,
    "items":{"type":"object"}},
  "peak":{"type":["object","null"]},"items_by_hour":{"type":"array","items":{"type":"object"}},
  "advice":{"type":"array","items":{"type":"object","required":["kind","title","arithmetic","evidence"],"properties":{
    "kind":{"type":"string","enum":["cache_items","precompute_query","pair","fill_gap"]}}}},
  "complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}}},
"TraceFields":{"type":"object","required":["trace_id","started_at","ended_at","duration_ms","agents","events","errors",
  "calls","tokens","cost_usd"],"properties":{"trace_id":{"type":"string"},
  "agents":{"type":"array","items":{"type":"string"}},"duration_ms":{"type":"number"},"cost_usd":{"type":"number"}}},
"TraceList":{"type":"object","required":["window","items","total","next_cursor","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "items":{"type":"array","items":{"$ref":"#/components/schemas/TraceFields"}},
  "total":{"type":"object","required":["traces"]},"next_cursor":{"type":["string","null"]},"complete":{"type":"boolean"},
  "sampled":{"$ref":"#/components/schemas/Sampled"}}},
"Trace":{"allOf":[{"$ref":"#/components/schemas/TraceFields"}],"type":"object","required":["truncated","spans"],
  "properties":{"truncated":{"type":"boolean"},"spans":{"type":"array","items":{"type":"object","required":["event_id",
    "span_id","parent_span_id","parent","depth","name","type","agent_id","status","error","started_at","start_ms",
    "duration_ms","self_ms","model","tool","tier","tokens","cost_usd","across_agents"],"properties":{
    "parent":{"type":["integer","null"],"description":"place of the parent in this list"}}}}}},
"AnalyticsExport":{"type":"object","required":["window","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"token_usage":{"type":"array","items":{"type":"object"}},
    "knowledge":{"type":"array","items":{"type":"object"}},
  "memory_tiers":{"type":"array","items":{"type":"object"}},"cost":{"type":"array","items":{"type":"object"}},
    "complete":{"type":"boolean"}}})json";

}  // namespace

std::string_view insight_schemas() {
  static const std::string whole = concat({shared, ",", memory, ",", tokens, ",", knowledge, ",", people});
  return whole;
}

}  // namespace troupe::http
