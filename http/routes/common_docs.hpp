// Parameters and answers that many routes describe alike.
#pragma once

#include "http/routes/route.hpp"

namespace troupe::http::docs {

inline constexpr std::string_view text = R"({"type":"string"})";
inline constexpr std::string_view id = R"({"type":"string","minLength":1,"maxLength":256})";
inline constexpr std::string_view time = R"({"type":"string","format":"date-time"})";

inline const parameter_doc limit{"limit", "query",
                                 R"({"type":"integer","minimum":1,"maximum":1000,"default":100})",
                                 "Items of a page.", "100"};
inline const parameter_doc cursor{"cursor", "query", text,
                                  "next_cursor of the page before; the other parameters stay."};
inline const parameter_doc consistency{
    "consistency", "query", R"({"type":"string","enum":["linearizable","local"],"default":"linearizable"})",
    "'local' reads the nearest replica, this node's own if it has one. It may be behind: Troupe-Staleness-Ms "
    "and "
    "Troupe-Read-Index tell how far."};
inline const parameter_doc agent_id{"id", "path", id, "The agent.", "\"neuroscientist\""};
inline const parameter_doc task_id{"task_id", "path", id, "The task."};
inline const parameter_doc idempotency{
    "Idempotency-Key", "header", R"({"type":"string","maxLength":256})",
    "A repeated request with the same key and body has its effect once and gets the same answer."};
inline parameter_doc since(std::string_view what) { return {"since", "query", time, what}; }
inline parameter_doc until(std::string_view what) { return {"until", "query", time, what}; }

}  // namespace troupe::http::docs
