// Payloads of OTLP/JSON, put together by hand for the tests of the signals and dialects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::ingest::test {

// {"key":..,"value":{..}} of a list such as {{"gen_ai.system", "\"openai\""}, {"n", "5"}}: values are JSON.
struct attribute {
  std::string key, json;
};

inline std::string attribute_list(const std::vector<attribute>& attributes) {
  std::string out = "[";
  for (auto& a : attributes) {
    if (out.size() > 1) out += ",";
    auto form = a.json[0] == '"'                        ? "stringValue"
                : a.json == "true" || a.json == "false" ? "boolValue"
                : a.json.find('.') != a.json.npos       ? "doubleValue"
                                                        : "intValue";
    out += "{\"key\":\"" + a.key + "\",\"value\":{\"" + form + "\":" + a.json + "}}";
  }
  return out + "]";
}

inline std::string hex_id(unsigned n, int digits) {
  std::string out(static_cast<std::size_t>(digits), '0');
  for (auto at = out.size(); n != 0; n >>= 4) out[--at] = "0123456789abcdef"[n & 15];
  return out;
}

// A span of trace 0x1 that takes 1500 ms and ends at 1700000001.5 s. 'more' is added to the object.
inline std::string span_json(unsigned id, unsigned parent, std::string_view name,
                             const std::vector<attribute>& attributes, std::string_view more = "") {
  return "{\"traceId\":\"" + hex_id(1, 32) + "\",\"spanId\":\"" + hex_id(id, 16) + "\"" +
         (parent ? ",\"parentSpanId\":\"" + hex_id(parent, 16) + "\"" : "") + ",\"name\":\"" +
         std::string(name) +
         "\",\"kind\":1,\"startTimeUnixNano\":\"1700000000000000000\",\"endTimeUnixNano\":"
         "\"1700000001500000000\","
         "\"attributes\":" +
         attribute_list(attributes) + std::string(more) + "}";
}

inline std::string trace_json(const std::vector<std::string>& spans,
                              const std::vector<attribute>& resource = {}) {
  std::string list;
  for (auto& span : spans) list += (list.empty() ? "" : ",") + span;
  return "{\"resourceSpans\":[{\"resource\":{\"attributes\":" + attribute_list(resource) +
         "},\"scopeSpans\":[{\"scope\":{\"name\":\"test\"},\"spans\":[" + list + "]}]}]}";
}

inline std::string log_json(std::string_view body, const std::vector<attribute>& attributes,
                            std::string_view more = "") {
  return "{\"timeUnixNano\":\"1700000000000000000\",\"body\":{\"stringValue\":\"" + std::string(body) +
         "\"},\"attributes\":" + attribute_list(attributes) + std::string(more) + "}";
}

inline std::string logs_json(const std::vector<std::string>& records,
                             const std::vector<attribute>& resource = {}) {
  std::string list;
  for (auto& record : records) list += (list.empty() ? "" : ",") + record;
  return "{\"resourceLogs\":[{\"resource\":{\"attributes\":" + attribute_list(resource) +
         "},\"scopeLogs\":[{\"logRecords\":[" + list + "]}]}]}";
}

}  // namespace troupe::ingest::test
