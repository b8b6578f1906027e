#include "copies.hpp"

namespace troupe::dashboards {

void copy_head(schema::Dashboard::Reader from, schema::Dashboard::Builder to) {
  to.setId(from.getId());
  to.setOrg(from.getOrg());
  to.setTitle(from.getTitle());
  to.setDescription(from.getDescription());
  to.setGridColumns(from.getGridColumns());
  to.setTimeRange(from.getTimeRange());
  to.setUpdateIntervalMs(from.getUpdateIntervalMs());
  to.setRealTime(from.getRealTime());
  to.setShowMetrics(from.getShowMetrics());
  to.setVersion(from.getVersion());
  to.setCreatedUs(from.getCreatedUs());
  to.setUpdatedUs(from.getUpdatedUs());
  to.setUpdatedBy(from.getUpdatedBy());
}

void copy_chart(schema::Chart::Reader from, schema::Chart::Builder to) {
  to.setId(from.getId());
  to.setType(from.getType());
  to.setTitle(from.getTitle());
  to.setCols(from.getCols());
  to.setRows(from.getRows());
  to.setRealTime(from.getRealTime());
  to.setInteractive(from.getInteractive());
  to.setMax(from.getMax());
  auto said = from.getSource();
  auto source = to.initSource();
  source.setView(said.getView());
  source.setMeasure(said.getMeasure());
  source.setGroupBy(said.getGroupBy());
  source.setTop(said.getTop());
  source.setAgentId(said.getAgentId());
  source.setTeam(said.getTeam());
  source.setModel(said.getModel());
  source.setTool(said.getTool());
}

}  // namespace troupe::dashboards
