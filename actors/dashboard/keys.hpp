// Keys of dashboards, and of how many there are.
#pragma once

#include <string>
#include <string_view>

namespace troupe::dashboards {

std::string dashboard_key(std::string_view org, std::string_view dashboard);
// What all dashboards of an organisation begin with.
std::string dashboards_prefix(std::string_view org);
std::string dashboard_total_key(std::string_view org);

}  // namespace troupe::dashboards
