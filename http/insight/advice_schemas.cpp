// Schemas of advice: each kind with the values that its sentence is made of.
#include "http/insight/insight_schemas.hpp"

#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view of_tokens = R"json(
"AdviceFields":{"type":"object","required":["kind","title","arithmetic"],"properties":{"kind":{"type":"string"},
  "title":{"type":"string","description":"in English"},
  "arithmetic":{"type":"string","description":"in English; its numbers are in 'evidence' and beside it"}}},
"TokenAdviceFields":{"allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
  "required":["subject","saving_usd","evidence"],"properties":{
  "subject":{"type":"object","required":["agent_id"],"properties":{"agent_id":{"type":"string"},
    "model":{"type":"string"}},"additionalProperties":false},
  "saving_usd":{"type":["number","null"]}}},
"TokenAdvice":{"oneOf":[
  {"title":"cache_prompts","allOf":[{"$ref":"#/components/schemas/TokenAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"cache_prompts"},"evidence":{"type":"object","required":["calls","input","uncached_input",
      "cache_read","cache_read_share","price_input_usd_per_1m","price_cache_read_usd_per_1m","reachable_share"],
      "properties":{"calls":{"type":"integer"},"input":{"type":"integer"},
      "uncached_input":{"type":"integer","description":"neither read from a cache nor written to one"},
      "cache_read":{"type":"integer"},"cache_read_share":{"type":"number"},
      "price_input_usd_per_1m":{"type":"number"},"price_cache_read_usd_per_1m":{"type":"number"},
      "reachable_share":{"type":"number","description":"assumed"}},"additionalProperties":false}},
    "unevaluatedProperties":false},
  {"title":"smaller_model","allOf":[{"$ref":"#/components/schemas/TokenAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"smaller_model"},"evidence":{"type":"object","required":["calls","input_per_call",
      "output_per_call","other_model","cost_usd","other_cost_usd"],"properties":{"calls":{"type":"integer"},
      "input_per_call":{"type":"number"},"output_per_call":{"type":"number"},"other_model":{"type":"string"},
      "cost_usd":{"type":"number"},"other_cost_usd":{"type":"number"}},"additionalProperties":false}},
    "unevaluatedProperties":false},
  {"title":"failing_calls","allOf":[{"$ref":"#/components/schemas/TokenAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"failing_calls"},"evidence":{"type":"object","required":["calls","errors","error_rate","cost_usd"],
      "properties":{"calls":{"type":"integer"},"errors":{"type":"integer"},"error_rate":{"type":"number"},
      "cost_usd":{"type":"number"}},"additionalProperties":false}},"unevaluatedProperties":false},
  {"title":"concentrated_cost","allOf":[{"$ref":"#/components/schemas/TokenAdviceFields"}],"type":"object",
    "properties":{"kind":{"const":"concentrated_cost"},"evidence":{"type":"object","required":["cost_usd","total_usd",
      "share","agents"],"properties":{"cost_usd":{"type":"number"},"total_usd":{"type":"number"},
      "share":{"type":"number"},"agents":{"type":"integer"}},"additionalProperties":false}},
    "unevaluatedProperties":false}]},
"TokensAdvice":{"type":"object","required":["window","items","complete"],"properties":{
  "window":{"$ref":"#/components/schemas/Window"},"complete":{"type":"boolean"},
  "items":{"type":"array","items":{"$ref":"#/components/schemas/TokenAdvice"}}},"additionalProperties":false})json";

constexpr std::string_view of_patterns = R"json(
"PatternAdvice":{"oneOf":[
  {"title":"cache_items","allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
    "required":["items","tier","saving_ms","slow","slow_avg_ms","fast_avg_ms","evidence"],"properties":{
    "kind":{"const":"cache_items"},"items":{"type":"array","items":{"type":"string"}},"tier":{"type":"string"},
    "saving_ms":{"type":"number"},"slow":{"type":"integer","description":"accesses out of other tiers"},
    "slow_avg_ms":{"type":"number"},"fast_avg_ms":{"type":"number","description":"of the tier that is advised"},
    "evidence":{"type":"array","items":{"type":"object","required":["id","accesses","slow","avg_ms","fast_ms"],
      "properties":{"id":{"type":"string"},"accesses":{"type":"integer"},"slow":{"type":"integer"},
      "avg_ms":{"$ref":"#/components/schemas/Milliseconds"},"fast_ms":{"type":"number"}},
      "additionalProperties":false}}},"unevaluatedProperties":false},
  {"title":"precompute_query","allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
    "required":["query","saving_ms","evidence"],"properties":{"kind":{"const":"precompute_query"},
    "query":{"type":"string"},"saving_ms":{"$ref":"#/components/schemas/Milliseconds"},
    "evidence":{"type":"array","minItems":1,"maxItems":1,"items":{"type":"object",
      "required":["asked","with_result","avg_ms"],"properties":{"asked":{"type":"integer"},
      "with_result":{"type":"integer"},"avg_ms":{"$ref":"#/components/schemas/Milliseconds"}},
      "additionalProperties":false}}},"unevaluatedProperties":false},
  {"title":"pair","allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
    "required":["items","evidence"],"properties":{"kind":{"const":"pair"},
    "items":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"string"}},
    "evidence":{"type":"array","minItems":1,"maxItems":1,"items":{"type":"object","required":["shared_traces",
      "traces_a","traces_b","together_share","sampled_rate"],"properties":{"shared_traces":{"type":"integer"},
      "traces_a":{"type":"integer"},"traces_b":{"type":"integer"},"together_share":{"type":"number"},
      "sampled_rate":{"type":"number"}},"additionalProperties":false}}},"unevaluatedProperties":false},
  {"title":"fill_gap","allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
    "required":["query","evidence"],"properties":{"kind":{"const":"fill_gap"},"query":{"type":"string"},
    "evidence":{"type":"array","minItems":1,"maxItems":1,"items":{"type":"object",
      "required":["asked","without_result","last_at"],"properties":{"asked":{"type":"integer"},
      "without_result":{"type":"integer"},"last_at":{"$ref":"#/components/schemas/Moment"}},
      "additionalProperties":false}}},"unevaluatedProperties":false}]})json";

constexpr std::string_view of_teams = R"json(
"TeamAdviceFields":{"allOf":[{"$ref":"#/components/schemas/AdviceFields"}],"type":"object",
  "required":["team","agent_id","to_agent_id","score","evidence"],"properties":{"team":{"type":["string","null"]},
  "agent_id":{"type":["string","null"]},"to_agent_id":{"type":["string","null"]},"score":{"type":"number"}}},
"MemberEvidence":{"type":"object","required":["events","errors","open_tasks","claimed_tasks","busy_ms","utilisation",
  "load","cost_usd"],"properties":{"events":{"type":"integer"},"errors":{"type":"integer"},
  "open_tasks":{"type":"integer"},"claimed_tasks":{"type":"integer"},"busy_ms":{"type":"integer"},
  "utilisation":{"type":["number","null"]},"load":{"type":"number"},"cost_usd":{"type":"number"}}},
"TeamAdvice":{"oneOf":[
  {"title":"overloaded_agent","allOf":[{"$ref":"#/components/schemas/TeamAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"overloaded_agent"},"evidence":{"allOf":[{"$ref":"#/components/schemas/MemberEvidence"}],
      "type":"object","required":["measure","own","others_avg","others"],"properties":{
      "measure":{"type":"string","enum":["busy_seconds","events","open_tasks"],"description":"the heaviest of them"},
      "own":{"type":"number"},"others_avg":{"type":"number"},
      "others":{"type":"integer","description":"members beside the agent"}},"unevaluatedProperties":false}},
    "unevaluatedProperties":false},
  {"title":"failing_agent","allOf":[{"$ref":"#/components/schemas/TeamAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"failing_agent"},"evidence":{"allOf":[{"$ref":"#/components/schemas/MemberEvidence"}],
      "type":"object","unevaluatedProperties":false}},"unevaluatedProperties":false},
  {"title":"idle_agent","allOf":[{"$ref":"#/components/schemas/TeamAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"idle_agent"},"evidence":{"allOf":[{"$ref":"#/components/schemas/MemberEvidence"}],
      "type":"object","required":["busiest_agent_id","busiest_load"],"properties":{
      "busiest_agent_id":{"type":"string"},"busiest_load":{"type":"number"}},"unevaluatedProperties":false}},
    "unevaluatedProperties":false},
  {"title":"costly_team","allOf":[{"$ref":"#/components/schemas/TeamAdviceFields"}],"type":"object","properties":{
    "kind":{"const":"costly_team"},"evidence":{"type":"object","required":["completed","cost_per_execution_usd",
      "others_usd"],"properties":{"completed":{"type":"integer"},"cost_per_execution_usd":{"type":"number"},
      "others_usd":{"type":"number"}},"additionalProperties":false}},"unevaluatedProperties":false}]})json";

}  // namespace

std::string_view advice_schemas() {
  static const std::string whole = concat({of_tokens, ",", of_patterns, ",", of_teams});
  return whole;
}

}  // namespace troupe::http
