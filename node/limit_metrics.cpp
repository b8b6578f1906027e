#include "node/limit_metrics.hpp"

#include <utility>

namespace troupe::node {

void limit_metrics::take(std::vector<http::limit_figures> all) {
  if (all.size() > limits_max) all.resize(limits_max);
  std::lock_guard lock(mutex_);
  all_ = std::move(all);
}

std::vector<prometheus::MetricFamily> limit_metrics::read() const {
  using prometheus::MetricType;
  prometheus::MetricFamily used{"troupe_token_limit_used_ratio",
                                "Part of a token limit that is used in its period.",
                                MetricType::Gauge,
                                {}};
  prometheus::MetricFamily projected{
      "troupe_token_limit_projected_ratio",
      "Part of a token limit that is expected to be used when its period ends.",
      MetricType::Gauge,
      {}};
  prometheus::MetricFamily warn{
      "troupe_token_limit_warn_ratio", "Part of a token limit from which on to warn.", MetricType::Gauge, {}};
  std::lock_guard lock(mutex_);
  for (auto& l : all_) {
    prometheus::ClientMetric m;
    m.label = {{"org", l.org}, {"limit", l.id}, {"scope", l.scope}, {"key", l.key}, {"period", l.period}};
    for (auto& [family, value] : {std::pair{&used, l.used}, {&projected, l.projected}, {&warn, l.warn_at}}) {
      m.gauge.value = value;
      family->metric.push_back(m);
    }
  }
  return {std::move(used), std::move(projected), std::move(warn)};
}

}  // namespace troupe::node
