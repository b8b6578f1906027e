// Shell completion for troupectl, written from its command tree.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::ctl {

// What may follow each command path: "" -> {"status", "agents", "--output"}, "agents" -> {"list", "show"} ...
using command_words = std::map<std::string, std::vector<std::string>>;

std::string bash_completion(const command_words& words);
std::string zsh_completion(const command_words& words);
std::string fish_completion(const command_words& words);

}  // namespace troupe::ctl
