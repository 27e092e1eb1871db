// SPDX-License-Identifier: Apache-2.0
#include "policy/egress.h"

#include <gtest/gtest.h>

namespace icm {
namespace {

class Egress : public testing::Test {
 protected:
  static IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

  Egress() {
    config.egress.addresses = {address("192.0.2.1"), address("2001:db8::1")};
    config.egress.helo = "out.example.com";
    StreamConfig news;
    news.name = "news";
    news.egress = {address("192.0.2.7")};
    news.helo = "out.news.example.com";
    StreamConfig plain;
    plain.name = "plain";
    config.streams = {news, plain};
    envelope.reverse_path = ReversePath::from("<bounce@example.com>");
    envelope.client = address("203.0.113.5");
    envelope.helo = "client.example";
  }

  SpfQuestions leaving(const std::string& stream) const {
    Classification classification;
    classification.stream = stream;
    return leaving_by(config, envelope, classification, "host.example.com");
  }

  Config config;
  Envelope envelope;
};

TEST_F(Egress, is_the_sites_where_a_stream_has_none_of_its_own) {
  for (const std::string stream : {"", "plain", "unknown"}) {
    const SpfQuestions questions = leaving(stream);
    EXPECT_EQ(questions.clients, config.egress.addresses) << stream;
    EXPECT_EQ(questions.helo, "out.example.com");
    EXPECT_EQ(questions.mail_from, "bounce@example.com");
  }
}

TEST_F(Egress, is_the_streams_where_it_has_one) {
  const SpfQuestions questions = leaving("news");
  EXPECT_EQ(questions.clients, std::vector{address("192.0.2.7")});
  EXPECT_EQ(questions.helo, "out.news.example.com");
}

TEST_F(Egress, says_the_hosts_name_where_none_is_configured) {
  config.egress = {};
  EXPECT_EQ(leaving("").helo, "host.example.com");
  EXPECT_TRUE(leaving("").clients.empty());
}

TEST_F(Egress, of_entering_mail_is_its_client) {
  const SpfQuestions questions = entering_by(envelope, "mx.example.com");
  EXPECT_EQ(questions.clients, std::vector{address("203.0.113.5")});
  EXPECT_EQ(questions.helo, "client.example");
  EXPECT_EQ(questions.receiver, "mx.example.com");
  envelope.client.reset();
  envelope.reverse_path = ReversePath::from("<>");
  EXPECT_TRUE(entering_by(envelope, "mx.example.com").clients.empty());
  EXPECT_EQ(entering_by(envelope, "mx.example.com").mail_from, "");
}

}  // namespace
}  // namespace icm
