#include "http/insight/insight_schemas.hpp"

#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view shared = R"json(
"Window":{"type":"object","required":["from","to","bucket"],"properties":{"from":{"type":"string","format":"date-time"},
  "to":{"type":"string","format":"date-time"},"bucket":{"type":"string","enum":["minute","hour","day"]}},
  "additionalProperties":false},
"Share":{"type":["number","null"],"minimum":0,"maximum":1},
"Moment":{"type":["string","null"],"format":"date-time"},
"Milliseconds":{"type":["number","null"]},
"ExactHours":{"type":"boolean","description":"false: an hour of UTC that two hours of the day share counts as a whole, in the one in which it begins"},
"Sampled":{"type":"object","required":["rate"],"properties":{"rate":{"type":"number","exclusiveMinimum":0,"maximum":1,
  "description":"1: exact; below: the share of traces or sessions looked at, counts are scaled up"}},
  "additionalProperties":false},
"UsageFields":{"type":"object","required":["events","errors","calls","tokens","cost_usd"],"properties":{
  "events":{"type":"integer"},"errors":{"type":"integer"},
  "calls":{"type":"integer","description":"events that carry tokens"},
  "tokens":{"$ref":"#/components/schemas/Tokens"},"cost_usd":{"type":"number"}}},
"Usage":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object","required":["duration_ms"],
  "properties":{"duration_ms":{"type":"number","description":"of all events together"}},"unevaluatedProperties":false},
"UsageSeries":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object",
  "required":["time"],"properties":{"time":{"type":"string","format":"date-time"}},"unevaluatedProperties":false}})json";

constexpr std::string_view memory = R"json(
"TierStats":{"type":"object","required":["window","tier_hit_rates","average_latencies_ms","cost_by_tier","queries",
  "misses","miss_rate","cost_usd","tiers","flow","series","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "tier_hit_rates":{"type":"object","description":"share of all queries that the tier served",
    "additionalProperties":{"$ref":"#/components/schemas/Share"}},
  "average_latencies_ms":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/Milliseconds"}},
  "cost_by_tier":{"type":"object","description":"USD","additionalProperties":{"type":"number"}},
  "queries":{"type":"integer"},"misses":{"type":"integer"},"miss_rate":{"$ref":"#/components/schemas/Share"},
  "cost_usd":{"type":"number"},
  "tiers":{"type":"array","items":{"type":"object","required":["tier","asked","hits","hit_share","hit_rate","errors",
    "cost_usd","latency_ms","latency_histogram","series"],"properties":{"tier":{"type":"string"},
    "asked":{"type":"integer"},
    "hits":{"type":"integer"},"hit_share":{"$ref":"#/components/schemas/Share"},
    "hit_rate":{"$ref":"#/components/schemas/Share"},"errors":{"type":"integer"},"cost_usd":{"type":"number"},
    "latency_ms":{"$ref":"#/components/schemas/Duration"},
    "latency_histogram":{"type":"array","description":"of the asks that were timed; their bounds are 1, 2 or 5 times a power of ten",
      "items":{"type":"object","required":["from_ms","to_ms","count"],"properties":{
      "from_ms":{"type":"number","description":"inclusive"},"to_ms":{"type":"number","description":"exclusive"},
      "count":{"type":"integer"}},"additionalProperties":false}},
    "series":{"type":"array","items":{"type":"object","required":["time","asked","hits","hit_share","avg_ms","p95_ms",
      "cost_usd"],"properties":{"time":{"type":"string","format":"date-time"},"asked":{"type":"integer"},
      "hits":{"type":"integer"},"hit_share":{"$ref":"#/components/schemas/Share"},
      "avg_ms":{"$ref":"#/components/schemas/Milliseconds"},
      "p95_ms":{"type":["number","null"],"description":"null also where there are more than 200 steps"},
      "cost_usd":{"type":"number"}},"additionalProperties":false}}},"additionalProperties":false}},
  "flow":{"type":"array","items":{"type":"object","required":["from","to","count","avg_ms"],"properties":{
    "from":{"type":"string","description":"a tier, or query"},"to":{"type":"string","description":"a tier, hit or miss"},
    "count":{"type":"integer"},"avg_ms":{"$ref":"#/components/schemas/Milliseconds"}},"additionalProperties":false}},
  "series":{"type":"array","items":{"type":"object","required":["time","queries","misses"],"properties":{
    "time":{"type":"string","format":"date-time"},"queries":{"type":"integer"},"misses":{"type":"integer"}},
    "additionalProperties":false}},
  "complete":{"type":"boolean"}},"additionalProperties":false})json";

constexpr std::string_view tokens = R"json(
"TokensSummary":{"type":"object","required":["window","total","previous","cache","cost_per_call_usd","cost_per_query",
  "series","complete"],"properties":{"window":{"$ref":"#/components/schemas/Window"},
  "total":{"$ref":"#/components/schemas/Usage"},"previous":{"$ref":"#/components/schemas/Usage"},
  "cache":{"type":"object","required":["read_share","saved_usd"],"properties":{
    "read_share":{"type":["number","null"]},"saved_usd":{"type":["number","null"]}},"additionalProperties":false},
  "cost_per_call_usd":{"type":["number","null"]},
  "cost_per_query":{"type":"object","description":"of traces: what the events of each that are asked for cost",
    "required":["queries","avg_usd","p50_usd","p95_usd","max_usd","sampled"],"properties":{
    "queries":{"type":"integer"},"avg_usd":{"type":["number","null"]},"p50_usd":{"type":["number","null"]},
    "p95_usd":{"type":["number","null"]},"max_usd":{"type":["number","null"]},
    "sampled":{"$ref":"#/components/schemas/Sampled"}},"additionalProperties":false},
  "series":{"$ref":"#/components/schemas/UsageSeries"},"complete":{"type":"boolean"}},"additionalProperties":false},
"TokensBy":{"type":"object","required":["window","dimension","items","other","total","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"dimension":{"type":"string",
    "enum":["agent","team","model","tool","session","user","query","hour"]},
  "items":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object",
    "required":["key","duration_ms","cost_share"],"properties":{"key":{"type":"string"},"duration_ms":{"type":"number"},
    "cost_share":{"type":["number","null"]},"series":{"$ref":"#/components/schemas/UsageSeries"}},
    "unevaluatedProperties":false}},
  "other":{"oneOf":[{"type":"null"},{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object",
    "required":["duration_ms","keys"],"properties":{"duration_ms":{"type":"number"},
    "keys":{"type":"integer","description":"how many rows are summed up here"}},"unevaluatedProperties":false}]},
  "total":{"$ref":"#/components/schemas/Usage"},"complete":{"type":"boolean"},
  "exact_hours":{"description":"by hour","$ref":"#/components/schemas/ExactHours"},
  "sampled":{"description":"by query, and by session without series","$ref":"#/components/schemas/Sampled"}},
  "additionalProperties":false},
"SpentForecast":{"type":"object","required":["from","to","spent_usd","expected_usd","low_usd","high_usd","spent_tokens",
  "expected_tokens","low_tokens","high_tokens"],"properties":{"from":{"type":"string","format":"date-time"},
  "to":{"type":"string","format":"date-time"},"spent_usd":{"type":"number"},"expected_usd":{"type":"number"},
  "low_usd":{"type":"number"},"high_usd":{"type":"number"},"spent_tokens":{"type":"number"},
  "expected_tokens":{"type":"number"},"low_tokens":{"type":"number"},"high_tokens":{"type":"number"}},
  "additionalProperties":false},
"TokensProjection":{"type":"object","required":["as_of","method","interval","history_days","next_hour","day","month",
  "hours","formula","complete"],"properties":{"as_of":{"type":"string","format":"date-time"},
  "method":{"type":"string","enum":["seasonal_mean","run_rate","none"]},"interval":{"type":"number"},
  "history_days":{"type":"number"},"next_hour":{"$ref":"#/components/schemas/SpentForecast"},
  "day":{"$ref":"#/components/schemas/SpentForecast"},"month":{"$ref":"#/components/schemas/SpentForecast"},
  "hours":{"type":"array","minItems":24,"maxItems":24,"items":{"type":"object",
    "required":["time","expected_usd","low_usd","high_usd"],"properties":{"time":{"type":"string","format":"date-time"},
    "expected_usd":{"type":"number"},"low_usd":{"type":"number"},"high_usd":{"type":"number"}},
    "additionalProperties":false}},"formula":{"type":"string"},
  "complete":{"type":"boolean"}},"additionalProperties":false},
"TokenLimitInput":{"type":"object","required":["scope","period"],"properties":{
  "scope":{"type":"string","enum":["org","team","agent"]},
  "key":{"type":"string","maxLength":256,"description":"the team or agent; absent for org"},
  "period":{"type":"string","enum":["hour","day","month"]},
  "cost_usd":{"type":"number","exclusiveMinimum":0,"description":"or tokens, not both"},
  "tokens":{"type":"integer","minimum":1},
  "warn_at":{"type":"number","minimum":0.01,"maximum":1,"default":0.8}},"additionalProperties":false},
"TokenLimit":{"type":"object","required":["id","scope","key","period","cost_usd","tokens","warn_at","updated_at",
  "period_from","period_to","used","used_share","projected","projected_share","state","reaches_at"],"properties":{
  "id":{"type":"string"},"scope":{"type":"string","enum":["org","team","agent"]},"key":{"type":["string","null"]},
  "period":{"type":"string","enum":["hour","day","month"]},
  "cost_usd":{"type":["number","null"]},"tokens":{"type":["integer","null"]},"warn_at":{"type":"number"},
  "updated_at":{"type":"string","format":"date-time"},"period_from":{"type":"string","format":"date-time"},
  "period_to":{"type":"string","format":"date-time"},"used":{"type":"number"},"used_share":{"type":"number"},
  "projected":{"type":"number"},"projected_share":{"type":"number"},
  "state":{"type":"string","enum":["ok","projected","warning","reached"]},
  "reaches_at":{"$ref":"#/components/schemas/Moment"}},"additionalProperties":false},
"TokenLimitList":{"type":"object","required":["as_of","items"],"properties":{
  "as_of":{"type":"string","format":"date-time"},
  "items":{"type":"array","items":{"$ref":"#/components/schemas/TokenLimit"}}},"additionalProperties":false})json";

constexpr std::string_view knowledge = R"json(
"KnowledgeTotal":{"type":"object","required":["accesses","items"],"properties":{"accesses":{"type":"integer"},
  "items":{"type":"integer"}},"additionalProperties":false},
"KnowledgeItems":{"type":"object","required":["window","items","other","total","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object",
    "required":["id","accesses","agents","tiers","avg_ms","first_at","last_at","related"],"properties":{
    "id":{"type":"string"},"accesses":{"type":"integer"},
    "agents":{"type":"array","maxItems":20,"items":{"type":"object","required":["agent_id","accesses"],"properties":{
      "agent_id":{"type":"string"},"accesses":{"type":"integer"}},"additionalProperties":false}},
    "tiers":{"type":"array","maxItems":20,"items":{"type":"object","required":["tier","accesses"],"properties":{
      "tier":{"type":"string"},"accesses":{"type":"integer"}},"additionalProperties":false}},
    "avg_ms":{"$ref":"#/components/schemas/Milliseconds"},"first_at":{"$ref":"#/components/schemas/Moment"},
    "last_at":{"$ref":"#/components/schemas/Moment"},
    "related":{"type":"array","maxItems":10,"description":"used in the same sessions or traces","items":{
      "type":"object","required":["id","together"],"properties":{"id":{"type":"string"},"together":{"type":"integer"}},
      "additionalProperties":false}}},"additionalProperties":false}},
  "other":{"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/KnowledgeTotal"}]},
  "total":{"$ref":"#/components/schemas/KnowledgeTotal"},
  "complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}},"additionalProperties":false},
"KnowledgeHeatmap":{"type":"object","required":["window","by","rows","columns","cells","max","total","complete"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},"by":{"type":"string","enum":["agent","hour","time"]},
  "rows":{"type":"array","items":{"type":"string"}},"columns":{"type":"array","items":{"type":"string"}},
  "cells":{"type":"array","items":{"type":"array","minItems":3,"maxItems":3,"items":{"type":"integer"}}},
  "max":{"type":"integer"},"total":{"$ref":"#/components/schemas/KnowledgeTotal"},
  "exact_hours":{"description":"by hour","$ref":"#/components/schemas/ExactHours"},"complete":{"type":"boolean"}},
  "additionalProperties":false},
"KnowledgeGaps":{"type":"object","required":["window","items","total","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object",
    "required":["query","asked","without_result","open","first_at","last_at","agents"],"properties":{
    "query":{"type":"string","description":"in lower case, blanks collapsed, cut at 256 bytes"},
    "asked":{"type":"integer"},"without_result":{"type":"integer"},
    "open":{"type":"boolean","description":"the last time it was asked nothing was found"},
    "first_at":{"$ref":"#/components/schemas/Moment"},"last_at":{"$ref":"#/components/schemas/Moment"},
    "agents":{"type":"array","maxItems":20,"description":"who asked without a result","items":{"type":"object",
      "required":["agent_id","asked"],"properties":{"agent_id":{"type":"string"},"asked":{"type":"integer"}},
      "additionalProperties":false}}},"additionalProperties":false}},
  "total":{"type":"object","required":["queries","without_result","gap_rate","distinct"],"properties":{
    "queries":{"type":"integer"},"without_result":{"type":"integer"},"gap_rate":{"$ref":"#/components/schemas/Share"},
    "distinct":{"type":"integer"}},"additionalProperties":false},
  "complete":{"type":"boolean"}},"additionalProperties":false},
"KnowledgeGraph":{"type":"object","required":["window","nodes","edges","truncated","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "nodes":{"type":"array","items":{"type":"object","required":["id","kind","label","weight"],"properties":{
    "id":{"type":"string","description":"kind:label"},"kind":{"type":"string","enum":["item","agent"]},
    "label":{"type":"string"},"weight":{"type":"integer"}},"additionalProperties":false}},
  "edges":{"type":"array","items":{"type":"object","required":["from","to","kind","weight"],"properties":{
    "from":{"type":"string"},"to":{"type":"string"},"kind":{"type":"string","enum":["access","together"]},
    "weight":{"type":"integer"}},"additionalProperties":false}},
  "truncated":{"type":"boolean"},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}},
  "additionalProperties":false},
"KnowledgeHypotheses":{"type":"object","required":["window","formed","validated","rejected","open","validation_rate",
  "learning_velocity_per_day","time_to_decision_ms","series","agents","items","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"formed":{"type":"integer"},"validated":{"type":"integer"},
  "rejected":{"type":"integer"},"open":{"type":"integer"},"validation_rate":{"$ref":"#/components/schemas/Share"},
  "learning_velocity_per_day":{"type":["number","null"]},
  "time_to_decision_ms":{"$ref":"#/components/schemas/Duration"},
  "series":{"type":"array","items":{"type":"object","required":["time","formed","validated","rejected"],"properties":{
    "time":{"type":"string","format":"date-time"},"formed":{"type":"integer"},"validated":{"type":"integer"},
    "rejected":{"type":"integer"}},"additionalProperties":false}},
  "agents":{"type":"array","items":{"type":"object","required":["agent_id","formed","validated","rejected"],
    "properties":{"agent_id":{"type":"string"},"formed":{"type":"integer"},"validated":{"type":"integer"},
    "rejected":{"type":"integer"}},"additionalProperties":false}},
  "items":{"type":"array","items":{"type":"object","required":["id","label","state","agent_id","decided_by","formed_at",
    "decided_at","time_to_decision_ms"],"properties":{"id":{"type":"string"},"label":{"type":["string","null"]},
    "state":{"type":"string","enum":["open","validated","rejected"]},"agent_id":{"type":["string","null"]},
    "decided_by":{"type":["string","null"]},"formed_at":{"$ref":"#/components/schemas/Moment"},
    "decided_at":{"$ref":"#/components/schemas/Moment"},
    "time_to_decision_ms":{"$ref":"#/components/schemas/Milliseconds"}},"additionalProperties":false}},
  "complete":{"type":"boolean"}},"additionalProperties":false})json";

constexpr std::string_view people = R"json(
"CollaborationGraph":{"type":"object","required":["window","nodes","edges","truncated","complete","sampled"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},
  "nodes":{"type":"array","items":{"type":"object","required":["id","team","events","errors","collaborations"],
    "properties":{"id":{"type":"string"},"team":{"type":["string","null"]},"events":{"type":"integer"},
    "errors":{"type":"integer"},"collaborations":{"type":"integer"}},"additionalProperties":false}},
  "edges":{"type":"array","items":{"type":"object","required":["from","to","kind","count","errors","success_rate",
    "avg_ms","first_at","last_at"],"properties":{"from":{"type":"string"},"to":{"type":"string"},
    "kind":{"type":"string","enum":["explicit","trace"]},"count":{"type":"integer"},"errors":{"type":"integer"},
    "success_rate":{"$ref":"#/components/schemas/Share"},"avg_ms":{"$ref":"#/components/schemas/Milliseconds"},
    "first_at":{"$ref":"#/components/schemas/Moment"},"last_at":{"$ref":"#/components/schemas/Moment"}},
    "additionalProperties":false}},
  "truncated":{"type":"boolean"},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}},
  "additionalProperties":false},
"CollaborationPairs":{"type":"object","required":["window","items","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"items":{"type":"array","items":{"type":"object","required":["a","b",
    "explicit","shared_traces","traces_a","traces_b","together_share","errors","success_rate","avg_ms",
    "cost_per_trace_usd","score"],"properties":{"a":{"type":"string"},"b":{"type":"string"},
    "explicit":{"type":"integer"},"shared_traces":{"type":"integer"},"traces_a":{"type":"integer"},
    "traces_b":{"type":"integer"},"together_share":{"$ref":"#/components/schemas/Share"},"errors":{"type":"integer"},
    "success_rate":{"$ref":"#/components/schemas/Share"},"avg_ms":{"$ref":"#/components/schemas/Milliseconds"},
    "cost_per_trace_usd":{"type":["number","null"]},"score":{"type":"number","minimum":0,"maximum":1}},
    "additionalProperties":false}},"complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}},
  "additionalProperties":false},
"TeamMember":{"type":"object","required":["agent_id","events","errors","cost_usd","utilisation","busy_ms","open_tasks",
  "claimed_tasks","share","load"],"properties":{"agent_id":{"type":"string"},"events":{"type":"integer"},
  "errors":{"type":"integer"},"cost_usd":{"type":"number"},"utilisation":{"type":["number","null"]},
  "busy_ms":{"type":"integer"},"open_tasks":{"type":"integer"},"claimed_tasks":{"type":"integer"},
  "share":{"$ref":"#/components/schemas/Share"},"load":{"type":"number"}},"additionalProperties":false},
"Team":{"allOf":[{"$ref":"#/components/schemas/UsageFields"}],"type":"object","required":["team","agents",
  "active_agents","duration_ms","error_rate","executions","cost_per_execution_usd","utilisation","busy_ms","open_tasks",
  "claimed_tasks","events_share","imbalance","series","members"],"properties":{
  "team":{"type":["string","null"],"description":"null: of agents without a team"},"agents":{"type":"integer"},
  "active_agents":{"type":"integer","description":"with events in the window"},"duration_ms":{"type":"number"},
  "error_rate":{"$ref":"#/components/schemas/Share"},
  "executions":{"type":"object","required":["completed","failed","success_rate","avg_ms"],"properties":{
    "completed":{"type":"integer"},"failed":{"type":"integer"},"success_rate":{"$ref":"#/components/schemas/Share"},
    "avg_ms":{"$ref":"#/components/schemas/Milliseconds"}},"additionalProperties":false},
  "cost_per_execution_usd":{"type":["number","null"]},"utilisation":{"type":["number","null"]},
  "busy_ms":{"type":"integer"},"open_tasks":{"type":"integer"},"claimed_tasks":{"type":"integer"},
  "events_share":{"$ref":"#/components/schemas/Share"},
  "imbalance":{"type":["number","null"],"description":"of the members' busy time: Gini coefficient"},
  "series":{"type":"array","items":{"type":"object","required":["time","events","cost_usd","utilisation"],"properties":{
    "time":{"type":"string","format":"date-time"},"events":{"type":"integer"},"cost_usd":{"type":"number"},
    "utilisation":{"type":["number","null"]}},"additionalProperties":false}},
  "members":{"type":"array","items":{"$ref":"#/components/schemas/TeamMember"}}},"unevaluatedProperties":false},
"Teams":{"type":"object","required":["window","teams","recommendations","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "teams":{"type":"array","items":{"$ref":"#/components/schemas/Team"}},
  "recommendations":{"type":"array","maxItems":50,"items":{"$ref":"#/components/schemas/TeamAdvice"}},
  "complete":{"type":"boolean"}},"additionalProperties":false},
"Patterns":{"type":"object","required":["window","hours","peak","items_by_hour","advice","exact_hours","complete",
  "sampled"],
  "properties":{"window":{"$ref":"#/components/schemas/Window"},"hours":{"type":"array","minItems":24,"maxItems":24,
    "items":{"type":"object","required":["hour","events","calls","cost_usd","knowledge","memory","collaborations"],
    "properties":{"hour":{"type":"integer","minimum":0,"maximum":23},"events":{"type":"integer"},
    "calls":{"type":"integer"},"cost_usd":{"type":"number"},"knowledge":{"type":"integer"},
    "memory":{"type":"integer"},"collaborations":{"type":"integer"}},"additionalProperties":false}},
  "peak":{"type":["object","null"],"required":["hour","factor"],"properties":{
    "hour":{"type":"integer","minimum":0,"maximum":23},
    "factor":{"type":"number","description":"its events relative to the mean of all hours"}},
    "additionalProperties":false},
  "items_by_hour":{"type":"array","items":{"type":"object","required":["hour","items"],"properties":{
    "hour":{"type":"integer","minimum":0,"maximum":23},"items":{"type":"array","maxItems":5,"items":{"type":"object",
      "required":["id","accesses"],"properties":{"id":{"type":"string"},"accesses":{"type":"integer"}},
      "additionalProperties":false}}},"additionalProperties":false}},
  "advice":{"type":"array","items":{"$ref":"#/components/schemas/PatternAdvice"}},
  "exact_hours":{"$ref":"#/components/schemas/ExactHours"},
  "complete":{"type":"boolean"},"sampled":{"$ref":"#/components/schemas/Sampled"}},"additionalProperties":false})json";

constexpr std::string_view traces = R"json(
"TraceFields":{"type":"object","required":["trace_id","started_at","ended_at","duration_ms","agents","events","errors",
  "calls","tokens","cost_usd"],"properties":{"trace_id":{"type":"string"},
  "started_at":{"$ref":"#/components/schemas/Moment"},"ended_at":{"$ref":"#/components/schemas/Moment"},
  "duration_ms":{"type":"number"},"agents":{"type":"array","items":{"type":"string"}},"events":{"type":"integer"},
  "errors":{"type":"integer"},"calls":{"type":"integer"},"tokens":{"$ref":"#/components/schemas/Tokens"},
  "cost_usd":{"type":"number"}}},
"TraceList":{"type":"object","required":["window","items","total","next_cursor","complete","sampled"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "items":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/TraceFields"}],"type":"object",
    "unevaluatedProperties":false}},
  "total":{"type":"object","required":["traces"],"properties":{"traces":{"type":"integer"}},
    "additionalProperties":false},
  "next_cursor":{"type":["string","null"]},"complete":{"type":"boolean"},
  "sampled":{"$ref":"#/components/schemas/Sampled"}},"additionalProperties":false},
"Trace":{"allOf":[{"$ref":"#/components/schemas/TraceFields"}],"type":"object","required":["truncated","spans"],
  "properties":{"truncated":{"type":"boolean"},"spans":{"type":"array","items":{"type":"object","required":["event_id",
    "span_id","parent_span_id","parent","depth","name","type","agent_id","status","error","started_at","start_ms",
    "duration_ms","self_ms","model","tool","tier","tokens","cost_usd","across_agents"],"properties":{
    "event_id":{"type":"string","format":"uuid"},"span_id":{"type":["string","null"]},
    "parent_span_id":{"type":["string","null"]},
    "parent":{"type":["integer","null"],"description":"place of the parent in this list"},
    "depth":{"type":"integer"},"name":{"type":"string"},"type":{"type":"string"},"agent_id":{"type":"string"},
    "status":{"enum":["ok","error",null]},"error":{"type":["string","null"]},
    "started_at":{"$ref":"#/components/schemas/Moment"},
    "start_ms":{"type":"number","description":"after the begin of the trace"},"duration_ms":{"type":"number"},
    "self_ms":{"type":"number","description":"less what its children cover"},"model":{"type":["string","null"]},
    "tool":{"type":["string","null"]},"tier":{"type":["string","null"]},
    "tokens":{"oneOf":[{"type":"null"},{"$ref":"#/components/schemas/Tokens"}]},"cost_usd":{"type":["number","null"]},
    "across_agents":{"type":"boolean","description":"its parent is of another agent"}},
    "additionalProperties":false}}},"unevaluatedProperties":false},
"ExportedUsage":{"type":"object","required":["events","errors","calls","input_tokens","output_tokens",
  "cache_read_tokens","cache_write_tokens","reasoning_tokens","cost_usd","agent_id","team","model"],"properties":{
  "events":{"type":"integer"},"errors":{"type":"integer"},"calls":{"type":"integer"},"input_tokens":{"type":"integer"},
  "output_tokens":{"type":"integer"},"cache_read_tokens":{"type":"integer"},"cache_write_tokens":{"type":"integer"},
  "reasoning_tokens":{"type":"integer"},"cost_usd":{"type":"number"},"agent_id":{"type":"string"},
  "team":{"type":"string"},"model":{"type":"string"}}},
"AnalyticsExport":{"type":"object","required":["window","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},
  "token_usage":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/ExportedUsage"}],"type":"object",
    "required":["day"],"properties":{"day":{"type":"string","format":"date"}},"unevaluatedProperties":false}},
  "knowledge":{"type":"array","items":{"type":"object","required":["knowledge_id","agent_id","team","tier","events",
    "errors"],"properties":{"knowledge_id":{"type":"string"},"agent_id":{"type":"string"},"team":{"type":"string"},
    "tier":{"type":"string"},"events":{"type":"integer"},"errors":{"type":"integer"},"avg_ms":{"type":"number"},
    "p95_ms":{"type":"number"},"first_at":{"type":"string","format":"date-time"},
    "last_at":{"$ref":"#/components/schemas/Moment"}},"additionalProperties":false}},
  "memory_tiers":{"type":"array","items":{"type":"object","required":["day","tier","events","errors","hits","cost_usd"],
    "properties":{"day":{"type":"string","format":"date"},"tier":{"type":"string"},"events":{"type":"integer"},
    "errors":{"type":"integer"},"hits":{"type":"integer"},"cost_usd":{"type":"number"},"avg_ms":{"type":"number"},
    "p95_ms":{"type":"number"}},"additionalProperties":false}},
  "cost":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/ExportedUsage"}],"type":"object",
    "required":["tool"],"properties":{"tool":{"type":"string"}},"unevaluatedProperties":false}},
  "complete":{"type":"boolean"}},"additionalProperties":false})json";

}  // namespace

std::string_view insight_schemas() {
  static const std::string whole = concat(
      {shared, ",", memory, ",", tokens, ",", knowledge, ",", people, ",", traces, ",", advice_schemas()});
  return whole;
}

}  // namespace troupe::http
