// The version of this build, from CMakeLists.txt.
#pragma once

#include <string_view>

namespace troupe::node {

inline constexpr std::string_view version_text = TROUPE_VERSION;
// Behaviour level this build can apply: see protocol's machine contract.
inline constexpr unsigned behaviour_level = 1;

}  // namespace troupe::node
