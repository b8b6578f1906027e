#include "node/toml_file.hpp"

#include <toml++/toml.h>

#include <vector>

#include "node/nearest.hpp"
#include "node/settings.hpp"

namespace troupe::node {
namespace {

std::string place(const std::filesystem::path& file, const toml::source_region& at) {
  return file.string() + ":" + std::to_string(at.begin.line);
}

failure wrong(std::string detail) { return {.code = errc::invalid_argument, .detail = std::move(detail)}; }

result<std::string> text_of(const setting& s, const toml::node& value) {
  if (auto* text = value.as_string()) return text->get();
  if (auto* number = value.as_integer(); number && s.type == setting_type::number)
    return std::to_string(number->get());
  if (auto* toggle = value.as_boolean(); toggle && s.type == setting_type::toggle)
    return std::string(toggle->get() ? "true" : "false");
  if (auto* items = value.as_array(); items && s.type == setting_type::list) {
    std::string joined;
    for (const auto& item : *items) {
      if (!item.is_string()) return wrong("every item of the list is text");
      joined += (joined.empty() ? "" : ",") + item.as_string()->get();
    }
    return joined;
  }
  return wrong("the value must be " + std::string(type_name(s)));
}

}  // namespace

result<std::map<std::string, std::string>> read_settings_file(const std::filesystem::path& file) {
  std::vector<std::string> known;
  for (const auto& s : all_settings())
    if (s.name != "config") known.emplace_back(s.name);
  std::map<std::string, std::string> out;
  try {
    auto table = toml::parse_file(file.string());
    for (auto&& [key, value] : table) {
      std::string name(key.str());
      auto* s = find_setting(name);
      if (!s || name == "config")
        return wrong(place(file, key.source()) + ": " + name + " is no setting" + did_you_mean(name, known));
      auto text = text_of(*s, value);
      if (!text) return wrong(place(file, key.source()) + ": " + name + ": " + text.error().detail);
      out.emplace(name, std::move(*text));
    }
  } catch (const toml::parse_error& e) {
    return wrong(place(file, e.source()) + ": " + std::string(e.description()));
  } catch (const std::exception& e) {
    return wrong(file.string() + ": " + e.what());
  }
  return out;
}

}  // namespace troupe::node
