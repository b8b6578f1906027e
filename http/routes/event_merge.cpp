#include "http/routes/event_merge.hpp"

#include <algorithm>

namespace troupe::http {

event_page merge_events(const std::vector<schema::QueryResult::Reader>& found,
                        const std::optional<event_place>& before, std::size_t limit) {
  event_page page;
  std::optional<event_place> horizon;
  for (const auto& f : found) {
    if (f.isEvents()) {
      for (auto stored : f.getEvents()) {
        event_place at{stored.getEvent().getTimeUs(), stored.getSeq(), f.getShard()};
        if (!before || at < *before) page.items.push_back({at, stored.getEvent()});
      }
    }
    if (f.getMore()) {
      event_place end{f.getScannedToTimeUs(), f.getScannedToSeq(), f.getShard()};
      if (!horizon || end > *horizon) horizon = end;
    }
  }
  std::sort(page.items.begin(), page.items.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
  if (horizon) {
    auto beyond =
        std::find_if(page.items.begin(), page.items.end(), [&](const auto& i) { return i.at < *horizon; });
    page.items.erase(beyond, page.items.end());
    page.next = horizon;
  }
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next = page.items.back().at;
  }
  return page;
}

}  // namespace troupe::http
