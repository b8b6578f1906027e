// The component schemas of what sockets are pushed, as members of a JSON object without its braces.
#pragma once

#include <string_view>

namespace troupe::http {

std::string_view push_schemas();

}  // namespace troupe::http
