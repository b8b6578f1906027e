#include "http/routes/dashboard_templates.hpp"

#include "http/ingest/json_text.hpp"

namespace troupe::http {

std::string dashboard_templates(std::string_view agent_id) {
  constexpr std::string_view place = R"("{agent}")";
  auto rest = dashboard_templates_embedded;
  std::string out;
  out.reserve(rest.size() + agent_id.size());
  for (auto at = rest.find(place); at != std::string_view::npos; at = rest.find(place)) {
    out.append(rest.substr(0, at));
    ingest::json::write_string(agent_id, out);
    rest.remove_prefix(at + place.size());
  }
  return out.append(rest);
}

}  // namespace troupe::http
