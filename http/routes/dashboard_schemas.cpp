#include "http/routes/dashboard_schemas.hpp"

#include <string>

#include "http/routes/json_writer.hpp"
#include "http/server/text.hpp"
#include "protocol/charts.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view fixed = R"json(
"ChartSource":{"type":"object","required":["view","measure"],"properties":{
  "view":{"$ref":"#/components/schemas/ChartView"},"measure":{"$ref":"#/components/schemas/ChartMeasure"},
  "group_by":{"$ref":"#/components/schemas/ChartGroup"},
  "top":{"type":"integer","minimum":1,"maximum":50,"default":10,"description":"groups that are shown, the largest"},
  "filters":{"type":"object","properties":{
    "agent_id":{"type":"string","minLength":1,"maxLength":256},"team":{"type":"string","minLength":1,"maxLength":256},
    "model":{"type":"string","minLength":1,"maxLength":256},"tool":{"type":"string","minLength":1,"maxLength":256}},
    "additionalProperties":false}},"additionalProperties":false,
  "description":"A view has its own measures, groups and types of chart; what does not go together is refused with a detail that lists what does. A pie shows measures that add up. A timeline needs the filter agent_id."},
"ChartFields":{"type":"object","properties":{
  "type":{"$ref":"#/components/schemas/ChartType"},
  "title":{"type":"string","maxLength":200,"default":""},
  "cols":{"type":"integer","minimum":1,"maximum":24,"description":"at most the columns of the grid; 6, or all of them if there are fewer, when absent"},
  "rows":{"type":"integer","minimum":1,"maximum":12,"default":4},
  "real_time":{"type":"boolean","default":true},"interactive":{"type":"boolean","default":true},
  "source":{"$ref":"#/components/schemas/ChartSource"},
  "max":{"type":["number","null"],"exclusiveMinimum":0,"description":"the full scale of a gauge; null: 1 for rates, else the largest so far"}}},
"ChartInput":{"allOf":[{"$ref":"#/components/schemas/ChartFields"}],"type":"object","required":["type","source"],
  "properties":{"id":{"type":"string","minLength":1,"maxLength":64,"description":"that of the path"}},
  "unevaluatedProperties":false},
"Chart":{"allOf":[{"$ref":"#/components/schemas/ChartFields"}],"type":"object","required":["id","type","source"],
  "properties":{"id":{"type":"string","minLength":1,"maxLength":64,"description":"distinct in its dashboard"}},
  "unevaluatedProperties":false},
"DashboardHead":{"type":"object","properties":{
  "title":{"type":"string","minLength":1,"maxLength":200},
  "description":{"type":"string","maxLength":2000,"default":""},
  "grid_columns":{"type":"integer","minimum":1,"maximum":24,"default":12},
  "time_range":{"$ref":"#/components/schemas/DashboardRange"},
  "update_interval":{"type":"integer","minimum":1000,"maximum":3600000,"default":5000,"description":"milliseconds"},
  "real_time":{"type":"boolean","default":true},"show_metrics":{"type":"boolean","default":false}}},
"DashboardChange":{"allOf":[{"$ref":"#/components/schemas/DashboardHead"}],"type":"object","properties":{
  "charts":{"type":"array","maxItems":48,"items":{"$ref":"#/components/schemas/Chart"},
    "description":"in the order of the grid; given in a change, it replaces the whole list"}},
  "unevaluatedProperties":false},
"DashboardInput":{"allOf":[{"$ref":"#/components/schemas/DashboardHead"}],"type":"object","required":["title"],
  "properties":{"dashboard_id":{"type":"string","minLength":1,"maxLength":256,"description":"drawn when absent"},
  "charts":{"type":"array","maxItems":48,"items":{"$ref":"#/components/schemas/Chart"}}},
  "unevaluatedProperties":false},
"DashboardStamps":{"allOf":[{"$ref":"#/components/schemas/DashboardHead"}],"type":"object",
  "required":["dashboard_id","title","description","grid_columns","time_range","update_interval","real_time",
  "show_metrics","version","created_at","updated_at","updated_by"],"properties":{"dashboard_id":{"type":"string"},
  "version":{"type":"integer","minimum":1},"created_at":{"type":"string","format":"date-time"},
  "updated_at":{"type":"string","format":"date-time"},
  "updated_by":{"type":"string","description":"id of the key"}}},
"Dashboard":{"allOf":[{"$ref":"#/components/schemas/DashboardStamps"}],"type":"object","required":["charts"],
  "properties":{"charts":{"type":"array","maxItems":48,"items":{"$ref":"#/components/schemas/Chart"}}},
  "unevaluatedProperties":false},
"DashboardItem":{"allOf":[{"$ref":"#/components/schemas/DashboardStamps"}],"type":"object","required":["chart_count"],
  "properties":{"chart_count":{"type":"integer","minimum":0,"maximum":48}},"unevaluatedProperties":false},
"DashboardList":{"type":"object","required":["items","next_cursor"],"properties":{
  "items":{"type":"array","items":{"$ref":"#/components/schemas/DashboardItem"}},
  "next_cursor":{"type":["string","null"]}},"additionalProperties":false},
"DashboardTemplates":{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object",
  "required":["template_id","dashboard"],"properties":{
  "template_id":{"type":"string","enum":["overview","grid","realtime","chart"]},
  "dashboard":{"$ref":"#/components/schemas/DashboardInput"}},"additionalProperties":false}}},
  "additionalProperties":false})json";

template <class E>
std::string names_schema(std::string_view name) {
  std::string out = concat({",\"", name, "\":"});
  object_writer w(out);
  w.text("type", "string").texts("enum", charts::names<E>());
  w.end();
  return out;
}

}  // namespace

std::string_view dashboard_schemas() {
  static const std::string whole = concat(
      {fixed, names_schema<schema::ChartType>("ChartType"), names_schema<schema::ChartView>("ChartView"),
       names_schema<schema::ChartMeasure>("ChartMeasure"), names_schema<schema::ChartGroup>("ChartGroup"),
       names_schema<schema::DashboardRange>("DashboardRange")});
  return whole;
}

}  // namespace troupe::http
