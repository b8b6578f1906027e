// The known name that a misspelt one most likely meant: Damerau-Levenshtein, at most a third of the letters wrong.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace troupe::node {

// Empty if none is near.
std::string_view nearest(std::string_view name, std::span<const std::string> known);
// "; did you mean X?" or, if none is near, nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace troupe::node
