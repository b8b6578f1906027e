// A route: method, path pattern, who may, what it does, and its description, from which /openapi.json is made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server/dispatcher.hpp"
#include "http/server/principal.hpp"
#include "http/server/request.hpp"

namespace troupe::http {

struct parameter_doc {
  std::string_view name;
  std::string_view in;      // "path" or "query" or "header"
  std::string_view schema;  // a JSON schema, as JSON
  std::string_view description;
  std::string_view example = {};  // JSON
};

struct body_doc {
  std::string_view content_type;
  std::string_view schema;   // name of a component schema, or inline JSON beginning with '{'
  std::string_view example;  // JSON; empty: none
};

struct answer_doc {
  int status;
  std::string_view description;
  std::vector<body_doc> bodies = {};
};

struct operation_doc {
  std::string_view id;  // operationId
  std::string_view tag;
  std::string_view summary;
  std::string_view description;
  std::vector<parameter_doc> parameters = {};
  std::vector<body_doc> bodies = {};
  std::vector<answer_doc> answers = {};
  bool body_required = true;
};

enum class where : std::uint8_t { main_only, both };

struct route {
  verb method;
  std::string_view pattern;  // "/api/v2/agents/{id}"; a name captures one whole segment
  permission needs;
  handler run;
  operation_doc doc;
  std::size_t body_bytes_max = 0;  // 0: the edge's bound for JSON bodies
  where listens = where::main_only;
  problem_form form = nullptr;      // of refusals; empty: problem documents
  bool reads_large_bodies = false;  // the handler may be run by the worker
  // Not an event stream: one 503 ends an EventSource for good, and those who resume take turns of their own.
  bool is_gated = true;
  // The handler lets the client in itself, with refuse_key: it waits until the node knows whose the key is.
  bool lets_in = false;
};

}  // namespace troupe::http
