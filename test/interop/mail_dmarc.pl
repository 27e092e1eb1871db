#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# Mail::DMARC::PurePerl as an oracle: one JSON object per line in, one out.
#   {"from": NAME, "spf": NAME or null, "dkim": [NAME, ...], "zone": {NAME: {"TXT": [...], "A": [...]}}}
#     -> {"result": "pass", "policy": "reject", "error": ""}; the names are those that passed
use strict;
use warnings;
use JSON::PP;
use Mail::DMARC::PurePerl;

# The records of the case at hand instead of the DNS.
package Zone;
use Net::DNS;
our $zone;
sub new { return bless {}, shift }

sub send {
    my ( $self, $name, $type ) = @_;
    my $packet = Net::DNS::Packet->new( $name, $type );
    $packet->header->qr(1);
    my $node = $zone->{ lc $name };
    $packet->header->rcode('NXDOMAIN') if !$node;
    for my $text ( @{ $type eq 'TXT' && $node->{TXT} || [] } ) {
        $packet->push( answer => Net::DNS::RR->new( name => $name, type => 'TXT', ttl => 60, txtdata => [ unpack '(a255)*', $text ] ) );
    }
    for my $address ( @{ $type eq 'A' && $node->{A} || [] } ) {
        $packet->push( answer => Net::DNS::RR->new( name => $name, type => 'A', ttl => 60, address => $address ) );
    }
    return $packet;
}

sub query {
    my ( $self, $name, $type ) = @_;
    my $packet = $self->send( $name, $type );
    return $packet->answer ? $packet : undef;
}

package main;
$| = 1;
my $json = JSON::PP->new->canonical;
while ( my $line = <STDIN> ) {
    my $case = $json->decode($line);
    $Zone::zone = { map { lc $_ => $case->{zone}{$_} } keys %{ $case->{zone} } };
    my $dmarc = Mail::DMARC::PurePerl->new;
    $dmarc->set_resolver( Zone->new );
    my %answer = ( result => 'none', policy => 'none', error => '' );
    eval {
        $dmarc->source_ip('192.0.2.1');
        $dmarc->envelope_from( $case->{spf} || 'nobody.net' );
        $dmarc->header_from( $case->{from} );
        $dmarc->dkim( [ map { { domain => $_, selector => 's', result => 'pass' } } @{ $case->{dkim} } ] );
        $dmarc->spf( [ { domain => $case->{spf} || 'nobody.net', scope => 'mfrom', result => $case->{spf} ? 'pass' : 'fail' } ] );
        my $result = $dmarc->validate;
        $answer{result} = $result->result || 'none';
        my $policy = $result->published;
        my $is_sub = $dmarc->is_subdomain && $policy && defined $policy->sp;
        $answer{policy} = $policy ? lc( $is_sub ? $policy->sp : $policy->p ) : 'none';
        1;
    } or do {
        # Without a policy it leaves the result at its default, and dies of the question for one.
        $answer{error}  = "$@";
        $answer{result} = 'none' if $@ =~ /^no policy discovered/;
    };
    print $json->encode( \%answer ), "\n";
}
