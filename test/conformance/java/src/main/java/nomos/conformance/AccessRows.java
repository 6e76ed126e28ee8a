package nomos.conformance;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.PushConsumer;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;

/** Who may come, and how. */
final class AccessRows {
    private static final long CLOSE_MS_MAX = 45_000;

    static final Map<String, RowProgram> ROWS = Map.ofEntries(
        Map.entry("wrong-secret", clients -> checkSendRefused(
            clients.withCredentials(clients.plan.text("accessKey"), "not-the-secret"), Refusal.UNAUTHORIZED)),
        Map.entry("unknown-access-key", clients -> checkSendRefused(
            clients.withCredentials("nobody", clients.plan.text("secretKey")), Refusal.UNAUTHORIZED)),
        Map.entry("no-credentials", clients -> checkSendRefused(clients.withoutCredentials(), Refusal.UNAUTHORIZED)),
        Map.entry("foreign-topic", clients -> checkSendRefused(clients, Refusal.FORBIDDEN)),
        Map.entry("foreign-group", clients -> checkReceiveRefused(clients, FilterExpression.SUB_ALL)),
        Map.entry("unregistered-filter", clients -> {
            checkReceiveRefused(clients, new FilterExpression("OUT || FEE"));
            // The registered one is taken.
            clients.simple(new FilterExpression("OUT"));
        }),
        Map.entry("unregistered-subscription", clients -> checkReceiveRefused(clients, FilterExpression.SUB_ALL)),
        Map.entry("tls", clients -> checkTransport(clients.withTls(true))),
        Map.entry("plaintext", clients -> checkTransport(clients.withTls(false))),
        Map.entry("close", AccessRows::close));

    private AccessRows() {
    }

    private static void checkSendRefused(RowClients clients, Refusal refusal) {
        refusal.expect(() -> clients.producer(null).send(Messages.of(clients.topic(), "refused").build()));
    }

    private static void checkReceiveRefused(RowClients clients, FilterExpression filter) {
        Refusal.FORBIDDEN.expect(() -> clients.simple(filter).receive(1, Duration.ofSeconds(10)));
    }

    /** Sends two messages; one comes to a simple consumer, one to a push consumer of the same group. */
    private static void checkTransport(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        producer.send(Messages.of(clients.topic(), "one").build());
        MessageView message = Messages.receiveOne(consumer);
        Check.equal("received", Messages.body(message), "one");
        consumer.ack(message);
        Inbox inbox = new Inbox();
        clients.push(inbox);
        producer.send(Messages.of(clients.topic(), "two").build());
        inbox.waitFor(1);
        Check.equal("pushed", inbox.bodies(), List.of("two"));
    }

    private static void close(RowClients clients) throws Exception {
        Producer producer = clients.producer();
        SimpleConsumer consumer = clients.simple();
        PushConsumer push = clients.push(new Inbox());
        producer.send(Messages.of(clients.topic(), "before").build());
        long startedAtMs = System.currentTimeMillis();
        // A push consumer waits for its long poll of 20 s.
        CompletableFuture<Void> closing = CompletableFuture.runAsync(() -> {
            try {
                push.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        producer.close();
        consumer.close();
        closing.join();
        Check.duration("all closed", System.currentTimeMillis() - startedAtMs, 0, CLOSE_MS_MAX);
    }
}
