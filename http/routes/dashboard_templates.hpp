// Dashboards to begin with: dashboard_templates.json, compiled in. Each can be posted as it is.
#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

// As in the file: JSON with "{agent}" where an agent's id goes.
extern const std::string_view dashboard_templates_embedded;

// The list, with this agent where a chart is of one.
std::string dashboard_templates(std::string_view agent_id);

}  // namespace troupe::http
