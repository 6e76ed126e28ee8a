package nomos.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.rocketmq.client.apis.consumer.FilterExpression;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.SendReceipt;

/** Push consumers: retries and dead letters. */
final class PushRows {
    private static final int MANY = 1_000;
    /** The retry policy of these rows: the second attempt after one second, the third after two more. */
    private static final List<Integer> BACKOFF_MS = List.of(1_000, 2_000);
    /** The clock of the consumer and that of the broker may differ by a few milliseconds in their rounding. */
    private static final int EARLY_MS = 20;

    static final Map<String, RowProgram> ROWS = Map.of(
        "push-retry", PushRows::retry,
        "dead-letters", PushRows::giveUp,
        "push-many", PushRows::handleMany);

    private PushRows() {
    }

    private static void retry(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        clients.push(inbox, delivery -> delivery.attempt() == 3);
        clients.producer().send(Messages.of(clients.topic(), "again").build());
        inbox.waitFor(3);
        List<Inbox.Delivery> deliveries = inbox.deliveries();
        Check.equal("attempts", deliveries.stream().map(Inbox.Delivery::attempt).toList(), List.of(1, 2, 3));
        for (int index = 0; index < BACKOFF_MS.size(); index++) {
            long tookMs = deliveries.get(index + 1).atMs() - deliveries.get(index).atMs();
            int backoffMs = BACKOFF_MS.get(index);
            Check.duration("attempt " + (index + 2) + " came", tookMs, backoffMs - EARLY_MS,
                backoffMs + clients.plan.number("redeliveryLateMs"));
        }
        Thread.sleep(3_000);
        Check.equal("deliveries", deliveries.size(), 3);
    }

    private static void giveUp(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        clients.push(inbox, delivery -> false);
        SendReceipt receipt = clients.producer().send(Messages.of(clients.topic(), "dead").setTag("OUT")
            .setKeys("T-1").addProperty("region", "north").build());
        inbox.waitFor(3);
        SimpleConsumer reader = clients.simple("reader", "%DLQ%" + clients.group(), FilterExpression.SUB_ALL);
        MessageView dead = Messages.receiveOne(reader);
        Check.equal("message id", dead.getMessageId(), receipt.getMessageId());
        Check.equal("keys", List.copyOf(dead.getKeys()), List.of("T-1"));
        Check.equal("tag", dead.getTag().orElse(null), "OUT");
        Check.equal("body", Messages.body(dead), "dead");
        Check.equal("property", dead.getProperties().get("region"), "north");
        reader.ack(dead);
        Thread.sleep(3_000);
        Check.equal("attempts", inbox.deliveries().size(), 3);
    }

    private static void handleMany(RowClients clients) throws Exception {
        Inbox inbox = new Inbox();
        clients.push(inbox);
        Producer producer = clients.producer();
        List<String> bodies = IntStream.range(0, MANY).mapToObj(index -> "M-" + index).toList();
        List<CompletableFuture<SendReceipt>> sends = new ArrayList<>();
        for (String body : bodies) {
            sends.add(producer.sendAsync(Messages.of(clients.topic(), body).build()));
        }
        sends.forEach(CompletableFuture::join);
        inbox.waitFor(MANY);
        Thread.sleep(1_000);
        Check.same("handled", inbox.bodies(), bodies);
    }
}
