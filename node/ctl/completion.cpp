#include "node/ctl/completion.hpp"

namespace troupe::ctl {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

// A shell function that prints what may follow the words given to it: bash and zsh run the same.
std::string lookup_function(const command_words& words) {
  std::string paths, cases;
  for (const auto& [path, next] : words) {
    if (!path.empty()) paths += (paths.empty() ? "" : "|") + ("\"" + path + "\"");
    cases += "    \"" + path + "\") echo \"" + joined(next) + "\" ;;\n";
  }
  return "_troupectl_words() {\n"
         "  local path=\"\" word\n"
         "  for word in \"$@\"; do\n"
         "    case \"${path:+$path }$word\" in\n"
         "      " +
         paths +
         ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "}\n";
}

}  // namespace

std::string bash_completion(const command_words& words) {
  return "# bash completion of troupectl. Use: source <(troupectl completion bash)\n" +
         lookup_function(words) +
         "_troupectl() {\n"
         "  local words\n"
         "  words=$(_troupectl_words \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n"
         "complete -F _troupectl troupectl\n";
}

std::string zsh_completion(const command_words& words) {
  return "#compdef troupectl\n# zsh completion of troupectl. Use: source <(troupectl completion zsh)\n" +
         lookup_function(words) +
         "_troupectl() {\n"
         "  compadd -- ${=$(_troupectl_words \"${(@)words[2,CURRENT-1]}\")}\n"
         "}\n"
         "compdef _troupectl troupectl\n";
}

std::string fish_completion(const command_words& words) {
  std::string out =
      "# fish completion of troupectl. Use: troupectl completion fish | source\ncomplete -c troupectl -f\n";
  for (const auto& [path, next] : words) {
    std::string condition;
    if (path.empty()) {
      condition = "__fish_use_subcommand";
    } else {
      for (std::size_t at = 0; at < path.size();) {
        auto end = std::min(path.find(' ', at), path.size());
        condition += (condition.empty() ? "" : "; and ") +
                     ("__fish_seen_subcommand_from " + path.substr(at, end - at));
        at = end + 1;
      }
    }
    out += "complete -c troupectl -n '" + condition + "' -a '" + joined(next) + "'\n";
  }
  return out;
}

}  // namespace troupe::ctl
