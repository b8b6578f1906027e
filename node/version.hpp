// The version of this build, from CMakeLists.txt, and what it can do. In a file of its own, so that a program of another
// version can be linked from the same library (tests/next).
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::node {

std::string_view version_text();
// The behaviour level up to which this build's machines can apply entries: see protocol's machine contract.
std::uint32_t behaviour_level();

}  // namespace troupe::node
