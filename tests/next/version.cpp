// The next version of Troupe, as far as the cluster can tell: one behaviour level more. Linked with the same machines, so
// that what two versions owe each other in a rolling upgrade can be tried with one source tree.
#include "node/version.hpp"

namespace troupe::node {

std::string_view version_text() { return TROUPE_VERSION "+next"; }

std::uint32_t behaviour_level() { return 2; }

}  // namespace troupe::node
