// THE table of settings. Flags, environment names, TOML keys, --print-config, docs/settings.md and
// `troupectl config show` all derive from it: a new setting is one row here and one field in config.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::node {

enum class setting_type : std::uint8_t {
  text,
  path,
  address,         // host:port
  address_or_off,  // host:port, or "off"
  number,          // whole, 0 or more
  toggle,          // true or false
  choice,          // one of 'choices'
  list,            // comma-separated; in TOML also an array of strings
};

enum class secrecy : std::uint8_t { open, secret };

struct setting {
  std::string_view name;  // the TOML key: snake_case
  setting_type type;
  std::string_view fallback;                   // the default, as text
  std::string_view help;                       // one or two sentences, without a full stop at the end
  std::string_view choices = {};               // "a|b" for setting_type::choice
  std::uint64_t least = 0, most = UINT64_MAX;  // for setting_type::number
  secrecy shown = secrecy::open;
};

std::span<const setting> all_settings();
const setting* find_setting(std::string_view name);

std::string flag_of(const setting& s);         // --http-listen
std::string environment_of(const setting& s);  // TROUPE_HTTP_LISTEN
std::string_view type_name(const setting& s);

// docs/settings.md, whole. A test compares it with the file.
std::string settings_markdown();

}  // namespace troupe::node
