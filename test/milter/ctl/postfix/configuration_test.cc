// SPDX-License-Identifier: Apache-2.0
//
// What postconf says of a configuration, read from a real one where there is a Postfix.
#include "milter/ctl/postfix/configuration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "test/support/temporary_directory.h"

namespace icm::ctl::postfix {
namespace {

bool has_postfix() { return ::access("/usr/sbin/postconf", X_OK) == 0; }

constexpr std::string_view main_cf = R"(compatibility_level = 3.6
queue_directory = /var/spool/other
signer = inet:127.0.0.1:8891
smtpd_milters = $signer,
# a comment within
    { unix:icloud-milter/milter.sock, default_action=tempfail }
non_smtpd_milters = $smtpd_milters
strange = $nowhere "quoted" = \x {
)";

constexpr std::string_view master_cf = R"(smtp inet n - y - - smtpd
submission inet n - - - - smtpd
    -o smtpd_milters=$signer
    -o { smtpd_sender_restrictions = check_sender_access inline:{{a = FILTER b:}} }
    -o milter_macro_daemon_name=ORIGINATING
127.0.0.1:10025 inet n - n - - smtpd -o receive_override_options=no_milters,no_address_mappings
smtp unix - - n - - smtp
dropbox unix - n n - - pipe
  flags=R argv=/usr/bin/true -o x=y ${recipient}
)";

class PostfixConfiguration : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_postfix()) GTEST_SKIP() << "there is no Postfix here";
  }
  Result<Configuration> read(std::string_view main, std::string_view master) {
    directory_.write("main.cf", main);
    directory_.write("master.cf", master);
    const auto programs = PostfixPrograms::of(directory_.path().string());
    if (!programs) return tl::make_unexpected(programs.error());
    return read_configuration(*programs);
  }
  TemporaryDirectory directory_;
};

TEST_F(PostfixConfiguration, is_as_postfix_sees_it) {
  const auto read_it = read(main_cf, master_cf);
  ASSERT_TRUE(read_it) << read_it.error().text;
  EXPECT_EQ(read_it->queue_directory(), "/var/spool/other");
  EXPECT_EQ(read_it->value("milter_default_action"), "tempfail");
  EXPECT_EQ(read_it->value("no_such_parameter"), "");
  EXPECT_EQ(read_it->own.at("non_smtpd_milters"), "$smtpd_milters");
  EXPECT_FALSE(read_it->own.contains("milter_default_action"));
  EXPECT_EQ(read_it->value("non_smtpd_milters"),
            "inet:127.0.0.1:8891, { unix:icloud-milter/milter.sock, default_action=tempfail }");
  ASSERT_EQ(read_it->services.size(), 5u);
  EXPECT_TRUE(read_it->is_chrooted(read_it->services[0]));
  EXPECT_FALSE(read_it->is_chrooted(read_it->services[1]));
  const Service* submission = read_it->service("submission", "inet");
  ASSERT_NE(submission, nullptr);
  EXPECT_EQ(read_it->value_for(*submission, "smtpd_milters"), "inet:127.0.0.1:8891");
  EXPECT_EQ(read_it->value_for(*submission, "smtpd_sender_restrictions"),
            "check_sender_access inline:{{a = FILTER b:}}");
  EXPECT_EQ(read_it->service("submission", "unix"), nullptr);
  EXPECT_EQ(read_it->services[4].arguments, "flags=R argv=/usr/bin/true -o x=y ${recipient}");
}

TEST_F(PostfixConfiguration, knows_the_milters_that_each_listener_really_has) {
  const auto read_it = read(main_cf, master_cf);
  ASSERT_TRUE(read_it) << read_it.error().text;
  const auto listeners = listeners_of(*read_it);
  ASSERT_EQ(listeners.size(), 3u);
  EXPECT_EQ(listeners[0].milters.size(), 2u);
  EXPECT_FALSE(listeners[0].has_own_milters);
  ASSERT_EQ(listeners[1].milters.size(), 1u);
  EXPECT_EQ(listeners[1].milters[0].endpoint, "inet:127.0.0.1:8891");
  EXPECT_TRUE(listeners[1].has_own_milters);
  EXPECT_EQ(listeners[1].daemon_name, "ORIGINATING");
  EXPECT_TRUE(listeners[2].milters.empty());
}

TEST_F(PostfixConfiguration, says_what_postconf_complains_about) {
  const auto warned = read("a = $nowhere\n", "");
  ASSERT_TRUE(warned) << warned.error().text;
  EXPECT_FALSE(warned->warnings.empty());
  const auto failed = read("x = y\n", "smtp inet n\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::config);
  EXPECT_NE(failed.error().text.find("postconf ended with status 1: "), std::string::npos);
  EXPECT_TRUE(failed.error().text.ends_with("/master.cf: line 1: bad field count"))
      << failed.error().text;
}

TEST_F(PostfixConfiguration, needs_a_main_cf) {
  const std::string nowhere = directory_.path().string();
  const auto programs = PostfixPrograms::of(nowhere + "/");
  ASSERT_FALSE(programs);
  EXPECT_EQ(programs.error().text,
            nowhere +
                "/main.cf: No such file or directory; expected the configuration of a Postfix "
                "there (--config-dir names another directory)");
}

TEST(PostfixInstances, are_as_postmulti_lists_them) {
  const auto read_them = read_instances(
      "-               -               y         /etc/postfix\n"
      "postfix-out     mta             n         /etc/postfix-out\n");
  ASSERT_TRUE(read_them);
  EXPECT_EQ(*read_them,
            (std::vector<Instance>{{.name = "-", .directory = "/etc/postfix"},
                                   {.name = "postfix-out", .directory = "/etc/postfix-out"}}));
  EXPECT_EQ(read_instances("a b c\n").error().text,
            "postmulti -l: \"a b c\": expected a name, a group, y or n and a directory");
}

TEST(PostfixPrinted, is_refused_where_it_is_something_else) {
  EXPECT_EQ(read_parameters("a = b\nnonsense\n").error().text,
            "postconf: \"nonsense\": expected \"name = value\"");
  EXPECT_EQ(read_services("smtp inet n - y - -\n").error().text,
            "postconf -M: \"smtp inet n - y - -\": expected the eight fields of master(5)");
  std::vector<Service> none;
  EXPECT_EQ(read_overrides("a/b/c = d\n", none).error().text,
            "postconf -P: \"a/b/c = d\": expected a service of master.cf with a parameter");
}

}  // namespace
}  // namespace icm::ctl::postfix
