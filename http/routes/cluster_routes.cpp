// The cluster: nodes, shards, where they are and how they are.
#include "http/routes/all_routes.hpp"
#include "http/routes/cluster_json.hpp"
#include "http/server/problem.hpp"

namespace troupe::http {

namespace {

void get_cluster(api_context& api, const request_ptr&, const responder& back) {
  auto view = api.core.config.cluster_view ? api.core.config.cluster_view() : nullptr;
  if (!view)
    return back(to_response(
        failure{errc::unavailable, "this node is starting: ask again", std::chrono::milliseconds(1000)}));
  guarded(back, [&] {
    message_reader reader(*view);
    std::string out;
    write_cluster_json(reader.root<schema::ClusterView>(), out);
    auto answer = response::json(std::move(out));
    answer.with("Cache-Control", "no-store");
    back(std::move(answer));
  });
}

}  // namespace

void add_cluster_routes(api_context& api, std::vector<route>& to) {
  to.push_back({verb::get,
                "/api/v2/cluster",
                permission::read,
                [&api](const request_ptr& r, const responder& back) { get_cluster(api, r, back); },
                {"getCluster",
                 "Cluster",
                 "The cluster as this node sees it",
                 "Its nodes, where the replicas of each shard are, who leads and who lags, and what is "
                 "wrong. What the "
                 "other nodes said of themselves is at most a few seconds old.",
                 {},
                 {},
                 {{200, "The cluster.", {{"application/json", "Cluster", {}}}}}}});
}

}  // namespace troupe::http
