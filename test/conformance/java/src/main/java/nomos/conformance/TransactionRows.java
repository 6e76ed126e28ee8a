package nomos.conformance;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.rocketmq.client.apis.consumer.SimpleConsumer;
import org.apache.rocketmq.client.apis.message.MessageView;
import org.apache.rocketmq.client.apis.producer.Producer;
import org.apache.rocketmq.client.apis.producer.Transaction;
import org.apache.rocketmq.client.apis.producer.TransactionChecker;
import org.apache.rocketmq.client.apis.producer.TransactionResolution;

/** Transactional messages. */
final class TransactionRows {
    /** The check-back of RocketMQ comes after 30 s, and is repeated. */
    private static final long CHECK_TIMEOUT_MS = 100_000;
    /** A producer without a checker cannot begin a transaction; this one leaves it open. */
    static final TransactionChecker UNDECIDED = message -> TransactionResolution.UNKNOWN;

    static final Map<String, RowProgram> ROWS = Map.of(
        "transaction-commit", TransactionRows::commit,
        "transaction-rollback", TransactionRows::rollback,
        "transaction-check", TransactionRows::checkSender,
        "transaction-orphan", TransactionRows::checkAnother);

    private TransactionRows() {
    }

    static Transaction sendHalf(RowClients clients, Producer producer, String body) throws Exception {
        Transaction transaction = producer.beginTransaction();
        producer.send(Messages.of(clients.topic(), body).setKeys("T-1").build(), transaction);
        return transaction;
    }

    private static void commit(RowClients clients) throws Exception {
        Producer producer = clients.producer(UNDECIDED, clients.topic());
        SimpleConsumer consumer = clients.simple();
        Transaction transaction = sendHalf(clients, producer, "committed");
        Messages.receiveNone(consumer, 2_000);
        transaction.commit();
        MessageView message = Messages.receiveOne(consumer);
        Check.equal("body", Messages.body(message), "committed");
        Check.equal("keys", List.copyOf(message.getKeys()), List.of("T-1"));
        consumer.ack(message);
    }

    private static void rollback(RowClients clients) throws Exception {
        Producer producer = clients.producer(UNDECIDED, clients.topic());
        SimpleConsumer consumer = clients.simple();
        sendHalf(clients, producer, "rolled back").rollback();
        sendHalf(clients, producer, "committed").commit();
        MessageView message = Messages.receiveOne(consumer);
        Check.equal("body", Messages.body(message), "committed");
        consumer.ack(message);
        Messages.receiveNone(consumer, 5_000);
    }

    private static void checkSender(RowClients clients) throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        Producer producer = clients.producer(message -> {
            asked.add(Messages.body(message));
            return Messages.body(message).equals("yes") ? TransactionResolution.COMMIT : TransactionResolution.ROLLBACK;
        }, clients.topic());
        SimpleConsumer consumer = clients.simple();
        sendHalf(clients, producer, "no");
        sendHalf(clients, producer, "yes");
        MessageView message = Messages.receiveOne(consumer, Messages.INVISIBLE, CHECK_TIMEOUT_MS);
        Check.equal("delivered", Messages.body(message), "yes");
        consumer.ack(message);
        Messages.receiveNone(consumer, 5_000);
        Check.equal("asked for", asked.stream().sorted().toList(), List.of("no", "yes"));
    }

    private static void checkAnother(RowClients clients) throws Exception {
        ClientProcess sender = ClientProcess.start("half-message", clients);
        sender.waitForLines(1);
        sender.kill();
        List<String> asked = new CopyOnWriteArrayList<>();
        clients.producer(message -> {
            asked.add(Messages.body(message));
            return TransactionResolution.COMMIT;
        }, clients.topic());
        SimpleConsumer consumer = clients.simple();
        MessageView message = Messages.receiveOne(consumer, Messages.INVISIBLE, CHECK_TIMEOUT_MS);
        Check.equal("delivered", Messages.body(message), "orphan");
        consumer.ack(message);
        Check.holds(asked.contains("orphan"), "the message came without anybody having been asked");
    }
}
