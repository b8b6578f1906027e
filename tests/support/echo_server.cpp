#include "tests/support/echo_server.hpp"

#include "http/websocket/deflate.hpp"
#include "http/websocket/handshake.hpp"
#include "http/websocket/websocket.hpp"

namespace troupe::test {

using namespace troupe::http;

namespace {

class echo_socket final : public websocket {
 public:
  using websocket::websocket;

 private:
  void on_text(std::string_view message) override { send_text(message); }
  void on_binary(std::string_view message) override {
    send(frame_ref(wire_frame::of(opcode::binary, message)));
  }
  void on_end() override {}
};

}  // namespace

struct echo_server::nobody final : authenticator {
  result<principal> authenticate(std::string_view, const std::string&) override {
    return failure{errc::unauthenticated, "there are no keys"};
  }
};

echo_server::echo_server(const std::function<void(edge_limits&)>& change)
    : keys_(std::make_unique<nobody>()) {
  edge_config config;
  config.main = {{"127.0.0.1", 0}};
  config.otlp.clear();
  config.io_threads = 1;
  auto& l = config.limits;
  l.socket_message_bytes_max = 16 * 1024 * 1024;
  l.socket_queue_bytes_max = 64 * 1024 * 1024;
  l.socket_messages_per_second_max = 1'000'000'000;
  l.socket_compression = true;
  if (change) change(l);
  core_ = std::make_shared<server_core>(config);
  std::vector<route> routes;
  routes.push_back({verb::get,
                    "/echo",
                    permission::open,
                    [this](const request_ptr& r, const responder& back) {
                      if (auto refused = refuse_handshake(*r)) return back(std::move(*refused));
                      auto extensions = agree_on_deflate(joined_fields(*r, "Sec-WebSocket-Extensions"));
                      response taken;
                      taken.status = 101;
                      taken.next =
                          std::make_shared<echo_socket>(core_->config.limits, core_->stats,
                                                        write_handshake(*r, "", extensions.value_or("")),
                                                        extensions ? deflating::yes : deflating::no);
                      back(std::move(taken));
                    },
                    {}});
  app_ = std::make_unique<router>(*core_, *keys_, std::move(routes),
                                  [](const request_ptr&, const responder& back) { back(response::empty()); });
  core_->app = app_.get();
  made_ = std::make_unique<server>(core_);
  made_->start();
}

echo_server::~echo_server() { made_->stop(std::chrono::milliseconds(0)); }

}  // namespace troupe::test
