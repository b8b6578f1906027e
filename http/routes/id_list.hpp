// Records of all shards in the order of their ids, filtered, page after page until enough are found.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/routes/context.hpp"

namespace troupe::http {

struct listed {
  std::string id;
  std::function<void(std::string&)> write;  // appends it as JSON, if it comes into the page
};

struct id_list_request {
  std::string org;
  std::string after_id = {};
  std::size_t limit = 100;
  consistency level = consistency::linearizable;
  // Fills in the question for what follows an id.
  std::function<void(schema::Query::Builder, const std::string& after_id, std::uint32_t limit)> ask;
  // Appends what fits of an answer; it lives until the page is written.
  std::function<void(schema::QueryResult::Reader, std::vector<listed>&)> read;
};

struct id_list_page {
  std::string items;  // JSON, separated by commas
  std::size_t count = 0;
  std::string next_after_id;                                 // empty: that was all
  std::vector<std::pair<std::string, std::string>> headers;  // how current it is
};

// 'done' is called on the request's thread; failures go to 'back'.
void collect_by_id(api_context& api, responder back, id_list_request ask,
                   std::function<void(const id_list_page&)> done);

}  // namespace troupe::http
