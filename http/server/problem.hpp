// Errors as RFC 9457 problem documents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/response.hpp"
#include "protocol/result.hpp"

namespace troupe::http {

struct problem_item {
  std::optional<std::uint32_t> index = {};
  std::string field = {};
  std::string error = {};
};

struct problem {
  int status = 500;
  std::string_view code = "internal";  // of protocol/errc.hpp or of HTTP: ends the type URN
  std::string detail = {};
  std::vector<problem_item> errors = {};
  std::chrono::milliseconds retry_after{0};
  std::vector<std::pair<std::string_view, std::uint64_t>> counts = {};  // members beside the standard ones
};

response to_response(const problem& p);
response to_response(const failure& f);
response problem_response(errc code, std::string_view detail, std::string_view field = {});
// For what only HTTP knows: 404, 405, 408, 414, 431 ...
response status_problem(int status, std::string_view detail);

// Seconds for Retry-After, at least 1.
std::string retry_after_seconds(std::chrono::milliseconds wait);

}  // namespace troupe::http
