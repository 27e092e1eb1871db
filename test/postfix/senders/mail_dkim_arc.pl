#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Mail::DKIM as an oracle of ARC: a message on standard input, its chain's word on standard output.
# Keys come from the name server on 127.0.0.1.
use strict;
use warnings;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Net::DNS::Resolver;

Mail::DKIM::DNS::resolver(
    Net::DNS::Resolver->new( nameservers => ['127.0.0.1'], recurse => 0, udp_timeout => 5 ) );
my $verifier = Mail::DKIM::ARC::Verifier->new;
binmode STDIN;
local $/;
$verifier->PRINT( scalar <STDIN> );
$verifier->CLOSE;
print $verifier->result, "\n";
