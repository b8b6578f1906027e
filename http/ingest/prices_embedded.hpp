// prices.json as compiled in: the build turns the file into this text.
#pragma once

#include <string_view>

namespace troupe::ingest {

extern const std::string_view prices_embedded;

}  // namespace troupe::ingest
