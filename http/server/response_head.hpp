// The status line and fields of an answer as bytes, with the security fields every answer carries.
#pragma once

#include <string>
#include <string_view>

#include "http/server/config.hpp"
#include "http/server/request.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

enum class framing { length, until_close, none };

// 'r' is empty when there was no readable request.
void write_head(std::string& out, const response& answer, const request* r, framing how, bool keep_alive,
                const edge_config& config, std::string_view date);

// True for an Origin of the allow-list.
bool is_allowed_origin(const edge_config& config, std::string_view origin);

}  // namespace troupe::http
