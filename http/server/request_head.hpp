// The fields of a request as Beast parsed them. Only for those who must speak Beast: session, WebSocket upgrade.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "http/server/request.hpp"

namespace troupe::http {

struct request_head {
  boost::beast::http::request<boost::beast::http::empty_body> message;
};

}  // namespace troupe::http
