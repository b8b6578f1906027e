// The TOML file of settings: keys of the table at the top level, values as text. An unknown key, a table or a value of
// the wrong kind is an error with its line.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "protocol/result.hpp"

namespace troupe::node {

result<std::map<std::string, std::string>> read_settings_file(const std::filesystem::path& file);

}  // namespace troupe::node
