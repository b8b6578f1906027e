// Dashboards as the public JSON. Pure functions; any thread.
#pragma once

#include <string>

#include "protocol/schema/dashboard.capnp.h"

namespace troupe::http {

void write_dashboard_json(schema::Dashboard::Reader dashboard, std::string& out);
// As lists show it: without its charts, with their count.
void write_dashboard_item_json(schema::DashboardItem::Reader item, std::string& out);

}  // namespace troupe::http
