#include "node/version.hpp"

namespace troupe::node {

std::string_view version_text() { return TROUPE_VERSION; }

std::uint32_t behaviour_level() { return 1; }

}  // namespace troupe::node
