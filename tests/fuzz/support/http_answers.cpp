#include "tests/fuzz/support/http_answers.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>

namespace troupe::fuzz {

namespace bhttp = boost::beast::http;

http_answers read_answers(std::string_view bytes, asked how) {
  http_answers out;
  boost::beast::flat_buffer buffer;
  if (!bytes.empty()) std::memcpy(buffer.prepare(bytes.size()).data(), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
  while (buffer.size() > 0) {
    bhttp::response_parser<bhttp::string_body> parser;
    parser.body_limit(boost::none);
    parser.eager(true);
    parser.skip(how == asked::by_head);
    boost::system::error_code ec;
    while (!parser.is_done() && !ec && buffer.size() > 0) buffer.consume(parser.put(buffer.data(), ec));
    if (ec || !parser.is_done()) {
      out.sound = false;
      return out;
    }
    auto& got = parser.get();
    if (got.result_int() == 100) continue;
    auto type = got[bhttp::field::content_type];
    out.whole.push_back(
        {static_cast<int>(got.result_int()), {type.data(), type.size()}, got.body(), !got.keep_alive()});
  }
  return out;
}

}  // namespace troupe::fuzz
