// Dashboards and charts copied field by field: the same words give the same bytes, and what was replaced leaves no gap.
#pragma once

#include "protocol/schema/dashboard.capnp.h"

namespace troupe::dashboards {

// All but the charts.
void copy_head(schema::Dashboard::Reader from, schema::Dashboard::Builder to);
void copy_chart(schema::Chart::Reader from, schema::Chart::Builder to);

}  // namespace troupe::dashboards
