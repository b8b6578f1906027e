#include "keys.hpp"

#include "protocol/key.hpp"

namespace troupe::dashboards {

std::string dashboard_key(std::string_view org, std::string_view dashboard) {
  return key_writer(record_tag::dashboard).text(org).text(dashboard).str();
}

std::string dashboards_prefix(std::string_view org) {
  return key_writer(record_tag::dashboard).text(org).str();
}

std::string dashboard_total_key(std::string_view org) {
  return key_writer(record_tag::dashboard_total).text(org).str();
}

}  // namespace troupe::dashboards
